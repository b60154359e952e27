#!/bin/sh
# Pre-train GPT 345M. Text: -o Data.Train.dataset.input_dir=PATH. Further words go to tools/train.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/train.py -c configs/gpt/pretrain_gpt_345M_single_card.yaml "$@"
