#!/bin/sh
# Understands commands with an exported model: typed line by line, from --text or from --input_file. One JSON a line.
#   sh run_demo.sh --text 来一首周华健的花心
#   MODEL=output/compressed/width_mult_0.75_qat_embeddings sh run_demo.sh --backend openvino
# MODEL is a folder that run_train.sh or run_compress.sh made. Relative names count from this script's folder.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/ernie_tiny_slu"
exec "$PYTHON" deploy/python/infer_demo.py \
    --model_dir "${MODEL:-output/trained}/bundle" \
    --backend onnx_runtime \
    --device cpu \
    "$@"
