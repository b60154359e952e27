#!/bin/sh
# A student of 12 layers learns from GPT 345M. Further words go to tools/train.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/train.py -c configs/gpt/distill_gpt_345M_single_card.yaml "$@"
