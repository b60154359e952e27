#!/bin/sh
# Quantisation-aware training of GPT 345M whose layers eight cards share (DEVICES). Further words go to tools/train.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" -m paddle.distributed.launch --log_dir log --devices "${DEVICES:-0,1,2,3,4,5,6,7}" \
    tools/train.py -c configs/gpt/qat_gpt_345M_mp8.yaml "$@"
