#!/bin/sh
# Scores of checkpoints on the test set:  sh run_evaluate.sh checkpoints/msra_ner/model_best checkpoints/msra_ner_ofa/model_0.5
# DATA_DIR names a folder with another test.txt.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/msra_ner_ofa/data/msra}" && pwd)
cd "$REPO/msra_ner_ofa"
[ $# -gt 0 ] || set -- checkpoints/msra_ner/model_best
for model in "$@"; do
    printf '%s: ' "$model"
    "$PYTHON" evaluate.py --model_name_or_path "$model" --data_dir "$DATA_DIR" --device "${DEVICE:-cpu}"
done
