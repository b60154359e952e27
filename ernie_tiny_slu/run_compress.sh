#!/bin/sh
# The document's compression command, on what run_train.sh made: width, INT8 matrix products, INT8 embeddings.
#   sh run_compress.sh --width_mult_list 0.75 0.5        words given here come last and win
# MODEL (a fine-tuned checkpoint), OUTPUT, STRATEGY, DATA_DIR and DEVICE change the rest.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/ernie_tiny_slu/data}" && pwd)
cd "$REPO/ernie_tiny_slu"
exec "$PYTHON" run_train.py \
    --do_compress \
    --strategy "${STRATEGY:-dynabert+qat+embeddings}" \
    --num_train_epochs 3 \
    --model_name_or_path "${MODEL:-output/trained}" \
    --output_dir "${OUTPUT:-output/compressed}" \
    --max_seq_length 16 \
    --per_device_eval_batch_size 64 \
    --per_device_train_batch_size 16 \
    --learning_rate 5e-4 \
    --train_path "$DATA_DIR/train.txt" \
    --dev_path "$DATA_DIR/dev.txt" \
    --intent_label_path "$DATA_DIR/intent_label.txt" \
    --slot_label_path "$DATA_DIR/slot_label.txt" \
    --label_names 'intent_label' 'slot_label' \
    --weight_decay 0.01 \
    --warmup_ratio 0.1 \
    --input_dtype "int32" \
    --device "${DEVICE:-cpu}" \
    --logging_steps 100 \
    --save_steps 100 \
    --eval_steps 100 \
    --save_total_limit 1 \
    --metric_for_best_model eval_accuracy \
    "$@"
