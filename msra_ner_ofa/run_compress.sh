#!/bin/sh
# All widths in one training, taught by the full model of run_train.sh (TEACHER names another folder).
# OUTPUT, DATA_DIR and DEVICE change where to, from what, and on what; words given here come last and win.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$(cd "${DATA_DIR:-$REPO/msra_ner_ofa/data/msra}" && pwd)
cd "$REPO/msra_ner_ofa"
exec "$PYTHON" -u ./run_msra_ner_ofa.py --model_type bert \
    --model_name_or_path "${TEACHER:-checkpoints/msra_ner/model_best}" \
    --task_name msra \
    --data_dir "$DATA_DIR" \
    --max_seq_length 128 \
    --batch_size 16 \
    --learning_rate 1e-3 \
    --num_train_epochs 1 \
    --logging_steps 20 \
    --save_steps 85 \
    --output_dir "${OUTPUT:-checkpoints/msra_ner_ofa}" \
    --device "${DEVICE:-cpu}" \
    --width_mult_list 1.0 0.8333333333333334 0.6666666666666666 0.5 \
    --overwrite_output_dir \
    "$@"
