#!/bin/sh
# Puts a bundle into the app: the model converted for arm, vocabulary, labels, character rules, and a manifest of these.
#   sh prepare_assets.sh --bundle ../../output/trained/bundle
# The files go to app/src/main/assets/model (--output_dir names another place) and are not for git.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
exec "$PYTHON" "$REPO/ernie_tiny_slu/deploy/android/prepare_assets.py" "$@"
