#!/bin/sh
# A step beyond the document: half as wide a copy of the trained checkpoint, taught by it, then exported.
# OUTPUT and DATA_DIR as in run_train.sh.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/sentiment_ppminilm/data/cls_data}" && pwd)
cd "$REPO/sentiment_ppminilm"
OUT=${OUTPUT:-checkpoints/pp_checkpoints}
"$PYTHON" prune_width.py \
    --checkpoints "$OUT" \
    --train_path "$DATA_DIR/train.txt" \
    --dev_path "$DATA_DIR/dev.txt" \
    --label_path "$DATA_DIR/label.dict" \
    --width_mult_list 0.5 \
    --num_epochs 3 \
    --learning_rate 3e-4 \
    --batch_size 16 \
    --eval_steps 100 \
    --device "${DEVICE:-cpu}" \
    "$@"
exec "$PYTHON" export_model.py --checkpoints "$OUT/pruned/width_0.5" --gate_path "$DATA_DIR/dev.txt"
