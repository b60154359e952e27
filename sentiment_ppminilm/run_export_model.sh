#!/bin/sh
# Static model and bundle of a trained checkpoint:  sh run_export_model.sh pp_minilm | skep
# pp_minilm reads checkpoints/pp_checkpoints, skep reads checkpoints/skep_checkpoints; OUTPUT names another folder.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/sentiment_ppminilm/data/cls_data}" && pwd)
cd "$REPO/sentiment_ppminilm"
case ${1:-} in
    pp_minilm) folder=checkpoints/pp_checkpoints ;;
    skep) folder=checkpoints/skep_checkpoints ;;
    *) echo "error: run_export_model.sh: which model? write pp_minilm or skep" >&2 && exit 2 ;;
esac
shift
exec "$PYTHON" export_model.py --checkpoints "${OUTPUT:-$folder}" --gate_path "$DATA_DIR/dev.txt" "$@"
