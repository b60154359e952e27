#!/bin/sh
# Quantisation-aware training of ViT-B/16-384: -o Compress.pretrained=DIR. Further words go to tools/train.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/train.py -c configs/vit/vit_base_patch16_384_qat.yaml "$@"
