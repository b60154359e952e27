#!/bin/sh
# Quantisation-aware training of GPT 345M: -o Compress.pretrained=DIR. Further words go to tools/train.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/train.py -c configs/gpt/qat_gpt_345M_single_card.yaml "$@"
