#!/bin/sh
# Understands commands with an exported model, in C++: typed line by line, from --text or from --input_file. One JSON a
# line. Builds the program first if it is not there.
#   sh run_demo.sh --text 来一首周华健的花心
#   MODEL=../../output/compressed/width_mult_0.75_qat_embeddings sh run_demo.sh
# MODEL is a folder that run_train.sh or run_compress.sh made, BUILD the one of run_build.sh. Relative names of MODEL and
# BUILD count from this script's folder.
set -eu
cd "$(dirname "$0")"
BUILD=${BUILD:-build}
MODEL=${MODEL:-../../output/trained}
[ -x "$BUILD/infer_demo" ] || TESTS=no sh run_build.sh >&2
exec "$BUILD/infer_demo" --bundle "$MODEL/bundle" "$@"
