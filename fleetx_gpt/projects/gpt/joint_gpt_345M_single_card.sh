#!/bin/sh
# Prune, distil and quantise GPT 345M in one run: -o Compress.pretrained=DIR. Further words go to tools/train.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/train.py -c configs/gpt/joint_gpt_345M_single_card.yaml "$@"
