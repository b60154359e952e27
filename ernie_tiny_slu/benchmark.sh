#!/bin/sh
# The measured table from real data:  DATA_DIR=../shared/data/nlpcc2018_slu sh ernie_tiny_slu/benchmark.sh
# Trains for about an hour on 2 cores. Every step is skipped when its result is there, and a step that was interrupted
# goes on from its last checkpoint: run the same command again. OUTPUT=DIR puts the models elsewhere, RESULTS=DIR the
# figures (then no README is touched); FLAGS and MEASURE are further words for every run_train.py and for bench/measure.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
COMMAND="DATA_DIR=${DATA_DIR:-../shared/data/nlpcc2018_slu} sh ernie_tiny_slu/benchmark.sh"
DATA=$(cd "${DATA_DIR:-$REPO/../shared/data/nlpcc2018_slu}" && pwd) || {
    echo "error: DATA_DIR: no folder with train.txt, test.txt, intent_label.txt and slot_label.txt" >&2
    exit 2
}
SPLIT="test, $(grep -c . "$DATA/test.txt") queries"
FIGURES=${RESULTS:-$REPO/results}
cd "$REPO/ernie_tiny_slu"
OUT=${OUTPUT:-output/benchmark}
mkdir -p "$OUT"
export OMP_NUM_THREADS=1 # two trainings run side by side, one on each core
SEED=42

[ -f "$OUT/data/train.txt" ] || "$PYTHON" data/split.py --corpus "$DATA/train.txt" --output_dir "$OUT/data" \
    --dev_fraction 0.2 --seed 2018

# shellcheck disable=SC2086  # FLAGS are separate words
run() { # FOLDER, then words for run_train.py; what every run has in common is added
    folder=$1
    shift
    "$PYTHON" run_train.py --output_dir "$folder" --device cpu --seed $SEED --max_seq_length 16 --input_dtype int32 \
        --train_path "$OUT/data/train.txt" --dev_path "$OUT/data/dev.txt" \
        --intent_label_path "$DATA/intent_label.txt" --slot_label_path "$DATA/slot_label.txt" \
        --per_device_train_batch_size 64 --per_device_eval_batch_size 256 --weight_decay 0.01 --warmup_ratio 0.1 \
        --save_steps 454 --eval_steps 454 --save_total_limit 1 --metric_for_best_model eval_accuracy \
        --load_best_model_at_end --resume_from_checkpoint last --disable_tqdm "$@" ${FLAGS:-}
}

export_once() { # FOLDER and further words: a bundle from a trained checkpoint
    [ -f "$1/bundle/manifest.json" ] || run "$1" --model_name_or_path "$1" --do_eval --do_export
}

compress_chain() { # CHAIN: the trained original -> + vocabulary -> + width -> + INT8 matrix products -> + INT8 embeddings
    [ -f "$1/vocabulary/bundle/manifest.json" ] ||
        run "$1/vocabulary" --model_name_or_path "$1/original" --prune_embeddings --max_vocab_size 6000 --do_eval --do_export
    [ -f "$1/compressed/width_mult_0.75_qat_embeddings/bundle/manifest.json" ] ||
        run "$1/compressed" --model_name_or_path "$1/vocabulary" --do_compress --strategy 'dynabert+qat+embeddings' \
            --width_mult_list 0.75 --num_train_epochs 5 --learning_rate 2e-4
}

[ -f "$OUT/bio/original/training.json" ] || run "$OUT/bio/original" --from_scratch \
    --model_name_or_path ernie-3.0-tiny-nano-v2-zh --do_train --do_eval --num_train_epochs 12 --learning_rate 3e-4

bio() {
    export_once "$OUT/bio/original"
    compress_chain "$OUT/bio"
}
crf() { # the same weights trained on with transitions on top
    [ -f "$OUT/crf/original/training.json" ] || run "$OUT/crf/original" --model_name_or_path "$OUT/bio/original" \
        --do_train --do_eval --decoder crf --num_train_epochs 3 --learning_rate 2e-4
    export_once "$OUT/crf/original"
    compress_chain "$OUT/crf"
}
bio >"$OUT/bio.log" 2>&1 &
bio_process=$!
crf >"$OUT/crf.log" 2>&1 &
crf_process=$!
echo "two chains are training, see $OUT/bio.log and $OUT/crf.log"
wait $bio_process || { tail -n 3 "$OUT/bio.log" >&2 && exit 1; }
wait $crf_process || { tail -n 3 "$OUT/crf.log" >&2 && exit 1; }

stages() { # CHAIN
    c=$1/compressed/width_mult_0.75
    echo "original=$1/original/bundle vocabulary=$1/vocabulary/bundle width=$c/bundle int8=${c}_qat/bundle" \
        "embedding=${c}_qat_embeddings/bundle"
}
# shellcheck disable=SC2046,SC2086  # the words of stages() and MEASURE are separate arguments
"$PYTHON" -m bench.measure --stages $(stages "$OUT/bio") --crf_stages $(stages "$OUT/crf") --alternatives \
    --test_path "$DATA/test.txt" --train_path "$OUT/data/train.txt" --calibration_path "$OUT/data/train.txt" \
    --work_dir "$OUT/alternatives" --split "$SPLIT" --seeds $SEED --command "$COMMAND" \
    --output "$FIGURES/ernie_tiny_slu.json" ${MEASURE:-} >/dev/null
cd "$REPO"
if [ -z "${RESULTS:-}" ]; then
    set -- --readme README.md README.zh-CN.md ernie_tiny_slu/README.md ernie_tiny_slu/README.zh-CN.md
fi
"$PYTHON" -m common.report "$FIGURES/ernie_tiny_slu.json" --output_dir "$FIGURES/ernie_tiny_slu" "$@"
