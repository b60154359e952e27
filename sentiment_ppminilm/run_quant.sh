#!/bin/sh
# Static INT8 of the exported model (run_export_model.sh pp_minilm first), calibrated on training data.
# Words given here come last and win: --target tensorrt, --algorithm hist. OUTPUT and DATA_DIR as in run_train.sh.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/sentiment_ppminilm/data/cls_data}" && pwd)
cd "$REPO/sentiment_ppminilm"
OUT=${OUTPUT:-checkpoints/pp_checkpoints}
exec "$PYTHON" quant_post.py \
    --static_model_dir "$OUT/static" \
    --quant_model_dir "$OUT/quant" \
    --calibration_path "$DATA_DIR/train.txt" \
    --gate_path "$DATA_DIR/dev.txt" \
    --label_path "$DATA_DIR/label.dict" \
    --algorithm avg \
    --batch_size 32 \
    --max_seq_len 256 \
    --embeddings \
    "$@"
