#!/bin/sh
# The C++ client beside the Python one, on real sentences:
#   DATA_DIR=../shared/data/nlpcc2018_slu sh ernie_tiny_slu/deploy/benchmark.sh
# Takes the bundles of ../benchmark.sh where these are there (MODELS, output/benchmark/bio), else makes models of the same
# shape by a few steps of training: their times and sizes are those of trained ones, their answers are not worth a look.
# MODEL is their architecture, OUTPUT=DIR where they go, RESULTS=DIR where the figures go (then no README is touched); FLAGS
# and MEASURE are further words for run_train.py and for bench/clients.py. Some minutes on 2 cores.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../common/env.sh"
COMMAND="DATA_DIR=${DATA_DIR:-../shared/data/nlpcc2018_slu} sh ernie_tiny_slu/deploy/benchmark.sh"
DATA=$(cd "${DATA_DIR:-$REPO/../shared/data/nlpcc2018_slu}" && pwd) || {
    echo "error: DATA_DIR: no folder with train.txt, test.txt, intent_label.txt and slot_label.txt" >&2
    exit 2
}
FIGURES=${RESULTS:-$REPO/results}
cd "$REPO/ernie_tiny_slu"
MODELS=${MODELS:-output/benchmark/bio}
SPLIT="test, sentences drawn by a fixed seed"
TESTS=no sh deploy/cpp/run_build.sh >&2

# shellcheck disable=SC2086  # FLAGS are separate words
run() { # FOLDER, then words for run_train.py
    folder=$1
    shift
    [ -f "$folder/bundle/manifest.json" ] || "$PYTHON" run_train.py --output_dir "$folder" --overwrite_output_dir \
        --device cpu --seed 42 --max_seq_length 16 --input_dtype int32 --train_path "$DATA/train.txt" \
        --dev_path "$OUT/dev.txt" --intent_label_path "$DATA/intent_label.txt" --slot_label_path "$DATA/slot_label.txt" \
        --max_steps 20 --save_steps 20 --per_device_train_batch_size 32 --per_device_eval_batch_size 64 \
        --metric_for_best_model eval_accuracy --load_best_model_at_end --min_agreement 0 --disable_tqdm "$@" ${FLAGS:-} >&2
}
c=compressed/width_mult_0.75
if [ ! -f "$MODELS/${c}_qat_embeddings/bundle/manifest.json" ]; then
    OUT=${OUTPUT:-output/clients} MODELS=${OUTPUT:-output/clients}
    mkdir -p "$OUT"
    SPLIT="$SPLIT; models of the real size, trained for 20 steps"
    head -n 200 "$DATA/test.txt" >"$OUT/dev.txt"
    run "$OUT/original" --from_scratch --model_name_or_path "${MODEL:-ernie-3.0-tiny-nano-v2-zh}" \
        --do_train --do_export --learning_rate 3e-4
    run "$OUT/vocabulary" --model_name_or_path "$OUT/original" --prune_embeddings --max_vocab_size 6000 --do_export
    [ -f "$OUT/${c}_qat_embeddings/bundle/manifest.json" ] || run "$OUT/compressed" --model_name_or_path "$OUT/vocabulary" \
        --do_compress --strategy 'dynabert+qat+embeddings' --width_mult_list 0.75 --learning_rate 2e-4
fi
# shellcheck disable=SC2086  # MEASURE are separate words
"$PYTHON" -m bench.clients --stages "original=$MODELS/original/bundle" "vocabulary=$MODELS/vocabulary/bundle" \
    "width=$MODELS/$c/bundle" "int8=$MODELS/${c}_qat/bundle" "embedding=$MODELS/${c}_qat_embeddings/bundle" \
    --test_path "$DATA/test.txt" --split "$SPLIT" --seeds 42 --command "$COMMAND" \
    --output "$FIGURES/ernie_tiny_slu_clients.json" ${MEASURE:-}
cd "$REPO"
set --
[ -n "${RESULTS:-}" ] || set -- --readme ernie_tiny_slu/deploy/README.md ernie_tiny_slu/deploy/README.zh-CN.md
"$PYTHON" -m common.report "$FIGURES/ernie_tiny_slu_clients.json" --output_dir "$FIGURES/ernie_tiny_slu_clients" "$@"
