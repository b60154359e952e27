#!/bin/sh
# What an exported model says of texts, one JSON a line:  sh run_predict.sh --text "the plot is never dull"
# Without --text or --input_file the texts are typed. MODEL is a folder of run_export_model.sh.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/glue_ofa"
exec "$PYTHON" predict.py --model_path "${MODEL:-./tmp/${TASK_NAME:-SST-2}/static_model}" --engine onnxruntime "$@"
