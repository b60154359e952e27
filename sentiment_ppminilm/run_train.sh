#!/bin/sh
# Training on data/cls_data with the document's settings. Without weights to start from it trains a small one from scratch;
#   MODEL=ppminilm-6l-768h sh run_train.sh      fine-tunes pretrained weights by name, or those in a folder
#   sh run_train.sh --num_epochs 3              words given here come last and win
# OUTPUT, DATA_DIR and DEVICE change where to, from what, and on what.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/sentiment_ppminilm/data/cls_data}" && pwd)
cd "$REPO/sentiment_ppminilm"
if [ -n "${MODEL:-}" ]; then
    set -- --base_model_name "$MODEL" --learning_rate 3e-5 --num_epochs 10 "$@"
else
    set -- --from_scratch --num_hidden_layers 2 --hidden_size 128 --learning_rate 1e-3 --num_epochs 12 "$@"
fi
exec "$PYTHON" train.py \
    --train_path "$DATA_DIR/train.txt" \
    --dev_path "$DATA_DIR/dev.txt" \
    --label_path "$DATA_DIR/label.dict" \
    --batch_size 16 \
    --max_seq_len 256 \
    --warmup_proportion 0.1 \
    --weight_decay 0.01 \
    --max_grad_norm 1.0 \
    --log_steps 50 \
    --eval_steps 100 \
    --seed 1000 \
    --checkpoints "${OUTPUT:-checkpoints/pp_checkpoints}" \
    --device "${DEVICE:-cpu}" \
    --overwrite_output_dir \
    "$@"
