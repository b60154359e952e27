#!/bin/sh
# One width as a checkpoint of its own, as a static model, and as INT8. Words given at the end come last and win.
#   sh run_export_model.sh                                     width 2/3
#   WIDTH=0.5 sh run_export_model.sh --static_sub_model None   only the checkpoint
#   sh run_export_model.sh --budget "metric_drop<=0.5" --summary ./tmp/SST-2/summary.json
# MODEL is the folder of run_glue_ofa.sh; OUTPUT is where dynamic_model/ and static_model/ go.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/glue_ofa"
TASK_NAME=${TASK_NAME:-SST-2}
OUT=${OUTPUT:-./tmp/$TASK_NAME}
exec "$PYTHON" -u ./export_model.py \
    --model_name_or_path "${MODEL:-./tmp/$TASK_NAME/ofa}" \
    --max_seq_length "${MAX_SEQ_LENGTH:-64}" \
    --sub_model_output_dir "$OUT/dynamic_model" \
    --static_sub_model "$OUT/static_model" \
    --n_gpu "${N_GPU:-0}" \
    --width_mult "${WIDTH:-0.6666666666666666}" \
    "$@"
