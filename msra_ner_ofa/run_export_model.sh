#!/bin/sh
# The sub-model, static model and bundle of one width:  sh run_export_model.sh 0.5
#   sh run_export_model.sh 0.5 --int8 --data_dir data/msra     also in INT8
# Reads checkpoints/msra_ner_ofa/model_<width>; MODEL names another checkpoint. Further words go to the export.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/msra_ner_ofa"
[ $# -gt 0 ] || { echo "error: run_export_model.sh: which width? write for example 0.5" >&2 && exit 2; }
width=$1
shift
model=${MODEL:-checkpoints/msra_ner_ofa/model_$width}
exec "$PYTHON" -u ./export_model_msra_ner_ofa.py --model_type bert \
    --model_name_or_path "$model" \
    --max_seq_length 128 \
    --sub_model_output_dir "$model/dynamic_model" \
    --static_sub_model "$model/static_model" \
    --n_gpu 0 \
    --width_mult "$width" \
    "$@"
