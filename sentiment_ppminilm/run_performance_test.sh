#!/bin/sh
# The document's speed test of the quantised model on the sample test set: mean time of an epoch, p50 and p95 per batch.
#   sh run_performance_test.sh --engine onnxruntime --num_epochs 3
#   sh run_performance_test.sh --eval                          the scores in place of the times
#   TENSORRT=1 PADDLE=gpu sh run_performance_test.sh           both steps with TensorRT: collect shapes, then measure
# MODEL (a name without ending, or a bundle's folder) and TEST change the rest; words given here come last and win.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
TEST=${TEST:-$REPO/sentiment_ppminilm/data/cls_data/test.txt}
case $TEST in /*) ;; *) TEST=$PWD/$TEST ;; esac
cd "$REPO/sentiment_ppminilm"

measure() {
    "$PYTHON" performance_test.py \
        --model_path "${MODEL:-checkpoints/pp_checkpoints/quant/infer}" \
        --test_path "$TEST" \
        --batch_size 16 \
        --max_seq_len 256 \
        "$@"
}

if [ "${TENSORRT:-0}" = 1 ]; then
    measure --num_epochs 1 --use_tensorrt --int8 --collect_shape "$@"
    measure --num_epochs 10 --use_tensorrt --int8 "$@"
else
    measure --num_epochs 10 "$@"
fi
