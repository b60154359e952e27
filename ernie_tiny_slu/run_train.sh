#!/bin/sh
# The document's training command on the bundled sample data. Without weights to start from it trains from scratch;
#   MODEL=ernie-3.0-tiny-nano-v2-zh sh run_train.sh      fine-tunes a pretrained model by name, or one in a folder
#   sh run_train.sh --num_train_epochs 3                 words given here come last and win
# ARCHITECTURE, OUTPUT, DATA_DIR and DEVICE change what is built from scratch, where to, from what, and on what.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/ernie_tiny_slu/data}" && pwd)
cd "$REPO/ernie_tiny_slu"
if [ -n "${MODEL:-}" ]; then
    set -- --model_name_or_path "$MODEL" --learning_rate 5e-5 --num_train_epochs 30 "$@"
else
    set -- --from_scratch --model_name_or_path "${ARCHITECTURE:-ernie-3.0-tiny-pico-v2-zh}" \
        --learning_rate 1e-3 --num_train_epochs 10 "$@"
fi
exec "$PYTHON" run_train.py \
    --device "${DEVICE:-cpu}" \
    --logging_steps 100 \
    --save_steps 100 \
    --eval_steps 100 \
    --per_device_eval_batch_size 64 \
    --per_device_train_batch_size 16 \
    --prune_embeddings \
    --max_vocab_size 6000 \
    --max_seq_length 16 \
    --output_dir "${OUTPUT:-output/trained}" \
    --train_path "$DATA_DIR/train.txt" \
    --dev_path "$DATA_DIR/dev.txt" \
    --intent_label_path "$DATA_DIR/intent_label.txt" \
    --slot_label_path "$DATA_DIR/slot_label.txt" \
    --label_names 'intent_label' 'slot_label' \
    --weight_decay 0.01 \
    --warmup_ratio 0.1 \
    --do_train \
    --do_eval \
    --do_export \
    --input_dtype "int32" \
    --overwrite_output_dir \
    --load_best_model_at_end True \
    --save_total_limit 1 \
    --metric_for_best_model eval_accuracy \
    "$@"
