#!/bin/sh
# Score the pruned GPT 345M. Further words go to tools/eval.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/eval.py -c configs/gpt/eval_prune_gpt_345M_single_card.yaml "$@"
