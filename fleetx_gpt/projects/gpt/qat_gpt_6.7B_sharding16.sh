#!/bin/sh
# Quantisation-aware training of GPT 6.7B, its states cut over sixteen cards: run it on both machines with
# MASTER=HOST:PORT of the first one. NODES is their number, DEVICES the cards of each. Further words go to tools/train.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
[ -n "${MASTER:-}" ] || {
    echo "error: MASTER: name the first machine, for example MASTER=10.0.0.1:49178" >&2
    exit 2
}
exec "$PYTHON" -m paddle.distributed.launch --log_dir log --nnodes "${NODES:-2}" --master "$MASTER" \
    --devices "${DEVICES:-0,1,2,3,4,5,6,7}" tools/train.py -c configs/gpt/qat_gpt_6.7B_sharding16.yaml "$@"
