#!/bin/sh
# Export the pruned GPT 345M to Inference.model_dir. Further words go to tools/export.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/export.py -c configs/gpt/export_prune_gpt_345M_single_card.yaml "$@"
