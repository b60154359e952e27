#!/bin/sh
# The measured table from real data:
#   DATA_DIR=../shared/data/aspect_sentiment_zh/dianping_aspect_opinion sh sentiment_ppminilm/benchmark.sh
# DATA_DIR holds train.txt, dev.txt and test.txt. Two cores cannot train on all of it: ROWS of the training, DEV_ROWS of the
# development and TEST_ROWS of the test rows are drawn, whole texts, by a fixed seed. Every step is skipped when its result
# is there, and an interrupted training goes on: run the same command again. OUTPUT=DIR puts the models elsewhere,
# RESULTS=DIR the figures (then no README is touched); FLAGS, ARCHITECTURE, QUANT and MEASURE are further words for training,
# for the first training alone, for quant_post.py and for bench/measure.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
COMMAND="DATA_DIR=${DATA_DIR:-../shared/data/aspect_sentiment_zh/dianping_aspect_opinion} sh sentiment_ppminilm/benchmark.sh"
DATA=$(cd "${DATA_DIR:-$REPO/../shared/data/aspect_sentiment_zh/dianping_aspect_opinion}" && pwd) || {
    echo "error: DATA_DIR: no folder with train.txt, dev.txt and test.txt" >&2
    exit 2
}
FIGURES=${RESULTS:-$REPO/results}
cd "$REPO/sentiment_ppminilm"
OUT=${OUTPUT:-checkpoints/benchmark}
mkdir -p "$OUT/data"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
SEED=1000
LABELS=data/cls_data/label.dict

draw() { # PART ROWS
    [ -f "$OUT/data/$1.txt" ] ||
        "$PYTHON" data/subsample.py --input "$DATA/$1.txt" --output "$OUT/data/$1.txt" --rows "$2" --seed 2018
}
draw train "${ROWS:-8000}"
draw dev "${DEV_ROWS:-1000}"
draw test "${TEST_ROWS:-1500}"
SPLIT="test, $(grep -c . "$OUT/data/test.txt") of $(grep -c . "$DATA/test.txt") rows (trained on $(grep -c . "$OUT/data/train.txt"))"

# shellcheck disable=SC2086  # FLAGS and QUANT are separate words
train() { # SCRIPT, then words
    script=$1
    shift
    "$PYTHON" "$script" --train_path "$OUT/data/train.txt" --dev_path "$OUT/data/dev.txt" --label_path $LABELS \
        --batch_size 16 --max_seq_len 256 --eval_steps 167 --log_steps 20 --seed $SEED --device cpu --disable_tqdm \
        --resume_from_checkpoint last "$@" ${FLAGS:-}
}
export_once() { # CHECKPOINT
    [ -f "$1/static/bundle/manifest.json" ] ||
        "$PYTHON" export_model.py --checkpoints "$1" --gate_path "$OUT/data/dev.txt" --gate_engines paddle onnxruntime openvino
}
# shellcheck disable=SC2086
quantise_once() { # CHECKPOINT
    [ -f "$1/quant/bundle/manifest.json" ] ||
        "$PYTHON" quant_post.py --static_model_dir "$1/static" --quant_model_dir "$1/quant" --embeddings \
            --calibration_path "$OUT/data/train.txt" --gate_path "$OUT/data/dev.txt" --label_path $LABELS ${QUANT:-}
}

# shellcheck disable=SC2086  # ARCHITECTURE are separate words
[ -f "$OUT/fp32/training.json" ] || train train.py --checkpoints "$OUT/fp32" --from_scratch \
    --base_model_name ppminilm-6l-768h --warm_start_epochs 3 --num_epochs 1 --learning_rate 1e-4 ${ARCHITECTURE:-}
export_once "$OUT/fp32"
quantise_once "$OUT/fp32"
HALF=$OUT/fp32/pruned/width_0.5
[ -f "$HALF/done" ] || {
    train prune_width.py --checkpoints "$OUT/fp32" --width_mult_list 0.5 --max_steps 300 --learning_rate 1e-4 \
        --eval_steps 150
    touch "$HALF/done"
}
export_once "$HALF"
quantise_once "$HALF"

# shellcheck disable=SC2086  # MEASURE are separate words
"$PYTHON" -m bench.measure --stages "original=$OUT/fp32/static/bundle" "int8=$OUT/fp32/quant/bundle" \
    "width=$HALF/static/bundle" "width_int8=$HALF/quant/bundle" --test_path "$OUT/data/test.txt" --split "$SPLIT" \
    --seeds $SEED --command "$COMMAND" --reference --reference_dir "$OUT/reference" \
    --output "$FIGURES/sentiment_ppminilm.json" ${MEASURE:-} >/dev/null
cd "$REPO"
if [ -z "${RESULTS:-}" ]; then
    set -- --readme sentiment_ppminilm/README.md sentiment_ppminilm/README.zh-CN.md
fi
"$PYTHON" -m common.report "$FIGURES/sentiment_ppminilm.json" --output_dir "$FIGURES/sentiment_ppminilm" "$@"
