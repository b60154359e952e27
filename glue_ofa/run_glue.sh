#!/bin/sh
# Fine-tuning on a GLUE task: the model that the widths are cut from. Words given at the end come last and win.
#   sh run_glue.sh                                         a small BERT from scratch on the sample of SST-2
#   TASK_NAME=RTE sh run_glue.sh                           the same on the sample of RTE
#   MODEL=bert-base-uncased TASK_NAME=MRPC DATA_DIR=../../shared/data/glue sh run_glue.sh
# MODEL is a name or a folder; OUTPUT changes the folder, N_GPU=1 takes a GPU. DATA_DIR= (empty) downloads GLUE.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
DATA_DIR=$([ -z "${DATA_DIR-set}" ] || (cd "${DATA_DIR:-$REPO/glue_ofa/data}" && pwd))
cd "$REPO/glue_ofa"
TASK_NAME=${TASK_NAME:-SST-2}
[ -z "$DATA_DIR" ] || set -- --data_dir "$DATA_DIR" "$@"
if [ -n "${MODEL:-}" ]; then
    set -- --model_name_or_path "$MODEL" --max_seq_length 128 --learning_rate 2e-5 --num_train_epochs 3 "$@"
else
    set -- --from_scratch --model_name_or_path bert-base-uncased --num_hidden_layers 2 --hidden_size 192 --vocab_size 1000 \
        --max_seq_length 64 --learning_rate 1e-3 --num_train_epochs 4 "$@"
fi
exec "$PYTHON" -u ./run_glue.py \
    --task_name "$TASK_NAME" \
    --batch_size 32 \
    --logging_steps 50 \
    --save_steps 100 \
    --output_dir "${OUTPUT:-./tmp/$TASK_NAME/fine_tuned}" \
    --overwrite_output_dir \
    --n_gpu "${N_GPU:-0}" \
    "$@"
