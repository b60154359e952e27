#!/bin/sh
# Entities of texts, by an exported model: typed line by line, from --text, or from --input_file. One JSON a line.
#   sh run_predict.sh --text 记者李明昨天从青山市报道
#   MODEL=checkpoints/msra_ner/model_best/static_model sh run_predict.sh --engine openvino
# MODEL is the folder of a static model or its bundle. Relative names count from this script's folder.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/msra_ner_ofa"
exec "$PYTHON" predict.py \
    --model_path "${MODEL:-checkpoints/msra_ner_ofa/model_0.5/static_model}" \
    --engine onnxruntime \
    "$@"
