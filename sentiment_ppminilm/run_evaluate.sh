#!/bin/sh
# Scores of the trained checkpoint on the development and on the test set. OUTPUT and DATA_DIR as in run_train.sh.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/sentiment_ppminilm/data/cls_data}" && pwd)
cd "$REPO/sentiment_ppminilm"
for split in dev test; do
    "$PYTHON" evaluate.py \
        --checkpoints "${OUTPUT:-checkpoints/pp_checkpoints}" \
        --test_path "$DATA_DIR/$split.txt" \
        --label_path "$DATA_DIR/label.dict" \
        --batch_size 16 \
        --max_seq_len 256 \
        --device "${DEVICE:-cpu}" \
        "$@"
done
