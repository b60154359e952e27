#!/bin/sh
# The full model, the teacher of the narrower ones. Without weights to start from it trains a small one from scratch on
# data/msra, which knows 64 positions;
#   MODEL=bert-base-chinese sh run_train.sh     fine-tunes pretrained weights by name, or those in a folder
#   sh run_train.sh --num_train_epochs 3        words given here come last and win
# OUTPUT, DATA_DIR and DEVICE change where to, from what, and on what.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/msra_ner_ofa/data/msra}" && pwd)
cd "$REPO/msra_ner_ofa"
if [ -n "${MODEL:-}" ]; then
    set -- --model_name_or_path "$MODEL" --learning_rate 2e-5 --num_train_epochs 30 --save_steps 500 "$@"
else
    set -- --model_name_or_path bert-base-chinese --from_scratch --num_hidden_layers 2 --hidden_size 128 --vocab_size 600 \
        --max_seq_length 64 --batch_size 16 --learning_rate 2e-3 --num_train_epochs 5 --save_steps 170 "$@"
fi
exec "$PYTHON" -u ./run_msra_ner.py \
    --data_dir "$DATA_DIR" \
    --max_seq_length 128 \
    --batch_size 32 \
    --logging_steps 20 \
    --output_dir "${OUTPUT:-checkpoints/msra_ner}" \
    --device "${DEVICE:-cpu}" \
    --overwrite_output_dir \
    "$@"
