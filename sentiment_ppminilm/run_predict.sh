#!/bin/sh
# What texts say of aspects, by an exported model: typed line by line (aspect, tab, text), from --aspect and --text, or
# from --input_file. One JSON a line.
#   sh run_predict.sh --aspect 服务很好 --text 老板人好，服务很好，就是贵了点
#   MODEL=checkpoints/pp_checkpoints/static/infer sh run_predict.sh --engine openvino
# MODEL is a name without ending or a bundle's folder. Relative names count from this script's folder.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/sentiment_ppminilm"
exec "$PYTHON" predict.py \
    --model_path "${MODEL:-checkpoints/pp_checkpoints/quant/infer}" \
    --engine onnxruntime \
    "$@"
