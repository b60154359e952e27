#!/bin/sh
# Let an exported GPT go on: --text WORDS. Further words go to tools/inference.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/inference.py -c configs/gpt/inference_gpt_single_card.yaml "$@"
