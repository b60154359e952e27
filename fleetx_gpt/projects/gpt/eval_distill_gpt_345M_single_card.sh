#!/bin/sh
# Score the student of 12 layers. Further words go to tools/eval.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/eval.py -c configs/gpt/eval_distill_gpt_345M_single_card.yaml "$@"
