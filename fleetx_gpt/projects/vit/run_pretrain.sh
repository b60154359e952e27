#!/bin/sh
# Train ViT-B/16-384. Images: -o Data.Train.dataset.input_dir=FILE.npz. Further words go to tools/train.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/train.py -c configs/vit/vit_base_patch16_384_pretrain.yaml "$@"
