#!/bin/sh
# Score GPT 345M: -o Engine.save_load.ckpt_dir=DIR -o Offline_Eval.eval_path=FILE. Further words go to tools/eval.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/eval.py -c configs/gpt/evaluate_gpt_345M_single_card.yaml "$@"
