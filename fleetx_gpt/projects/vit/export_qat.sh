#!/bin/sh
# Export the quantised ViT-B/16-384 to Inference.model_dir. Further words go to tools/export.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
cd "$REPO/fleetx_gpt"
exec "$PYTHON" tools/export.py -c configs/vit/export_vit_base_patch16_384_qat.yaml "$@"
