#!/bin/sh
# The document's evaluation command: the scores of an exported static model on the sample test set.
#   sh run_eval.sh --do_eval False                       prints the answers instead
#   MODEL=output/compressed/width_mult_0.75_qat_embeddings sh run_eval.sh
# MODEL (a folder that run_train.sh or run_compress.sh made), TEST, OUTPUT and DEVICE change the rest; words given here
# come last and win. The vocabulary and the labels come from the model's bundle.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
TEST=${TEST:-$REPO/ernie_tiny_slu/data/test.txt}
case $TEST in /*) ;; *) TEST=$PWD/$TEST ;; esac
cd "$REPO/ernie_tiny_slu"
MODEL=${MODEL:-output/trained}
exec "$PYTHON" run_eval.py \
    --device "${DEVICE:-cpu}" \
    --model_name_or_path "$MODEL" \
    --infer_prefix "$MODEL/infer_model" \
    --output_dir "${OUTPUT:-$MODEL}" \
    --test_path "$TEST" \
    --max_seq_length 16 \
    --per_device_eval_batch_size 512 \
    --do_eval \
    "$@"
