#!/bin/sh
# All widths of a fine-tuned model in one training; run_glue.sh comes first. Words given at the end come last and win.
#   TASK_NAME=RTE sh run_glue_ofa.sh
#   MODEL=FOLDER DATA_DIR=../../shared/data/glue N_GPU=1 sh run_glue_ofa.sh --num_train_epochs 6
# MODEL is the fine-tuned model's folder; OUTPUT, DATA_DIR and TASK_NAME as in run_glue.sh.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$([ -z "${DATA_DIR-set}" ] || (cd "${DATA_DIR:-$REPO/glue_ofa/data}" && pwd))
cd "$REPO/glue_ofa"
TASK_NAME=${TASK_NAME:-SST-2}
[ -z "$DATA_DIR" ] || set -- --data_dir "$DATA_DIR" "$@"
if [ -n "${MODEL:-}" ]; then
    set -- --max_seq_length 128 --learning_rate 2e-5 --num_train_epochs 6 "$@"
else
    set -- --max_seq_length 64 --learning_rate 5e-4 --num_train_epochs 2 "$@"
fi
exec "$PYTHON" -u ./run_glue_ofa.py \
    --model_name_or_path "${MODEL:-./tmp/$TASK_NAME/fine_tuned}" \
    --task_name "$TASK_NAME" \
    --batch_size 32 \
    --logging_steps 10 \
    --save_steps 100 \
    --output_dir "${OUTPUT:-./tmp/$TASK_NAME/ofa}" \
    --overwrite_output_dir \
    --n_gpu "${N_GPU:-0}" \
    --width_mult_list 1.0 0.8333333333333334 0.6666666666666666 0.5 \
    "$@"
