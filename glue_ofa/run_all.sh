#!/bin/sh
# Every stage on the bundled sample of SST-2, offline: fine-tune, train all widths, export each with INT8, measure, choose by
# a budget, answer. A few minutes on 2 cores after the environment is made. OUTPUT changes the folder; TASK_NAME=RTE the task.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/glue_ofa"
TASK_NAME=${TASK_NAME:-SST-2}
OUT=${OUTPUT:-./tmp/$TASK_NAME}
export TASK_NAME
ENGINES="paddle onnxruntime openvino"

printf '\n== 1 fine-tune a small BERT from scratch\n'
OUTPUT=$OUT/fine_tuned sh run_glue.sh
# The trainings keep one core busy: exports go beside them, and two at a time.
printf '\n== 2 train all widths at once, and export the original beside that\n'
# shellcheck disable=SC2086  # ENGINES are separate words
export_one() { # FOLDER WIDTH NAME, then words
    folder=$1 width=$2 name=$3
    shift 3
    MODEL=$folder WIDTH=$width OUTPUT=$OUT/$name OMP_NUM_THREADS=1 sh run_export_model.sh --gate_engines $ENGINES "$@"
}
export_one "$OUT/fine_tuned" 1.0 original &
original=$!
MODEL='' OUTPUT=$OUT/ofa sh run_glue_ofa.sh --model_name_or_path "$OUT/fine_tuned"
wait "$original"

printf '\n== 3 export every width, the narrowest also in INT8\n'
(
    export_one "$OUT/ofa" 0.8333333333333334 width_0.8333
    export_one "$OUT/ofa" 0.6666666666666666 width_0.6667
) &
wide=$!
export_one "$OUT/ofa" 0.5 width_0.5 --int8
wait "$wide"
set -- "original=$OUT/original/static_model/bundle"
for stage in width_0.8333 width_0.6667 width_0.5; do
    set -- "$@" "$stage=$OUT/$stage/static_model/bundle"
done

printf '\n== 4 measure\n'
"$PYTHON" -m bench.measure --stages "$@" "width_0.5_int8=$OUT/width_0.5/static_model/int8/bundle" --data_dir data \
    --engines paddle onnxruntime --rounds 1 --repeats 3 --length 64 --split "sample dev" --seeds 42 \
    --command "sh glue_ofa/run_all.sh" --output "$OUT/summary.json" >/dev/null
"$PYTHON" -m common.report "$OUT/summary.json" --output_dir "$OUT/report"

printf '\n== 5 the width that a budget allows\n'
"$PYTHON" -m common.report.budget "$OUT/summary.json" --budget "metric_drop<=2"

printf '\n== 6 answers of the smallest model\n'
if [ "$TASK_NAME" = RTE ]; then
    "$PYTHON" predict.py --model_path "$OUT/width_0.5/static_model/int8" --text "A nurse sold a red van at the market." \
        --text_pair "A nurse sold a van."
else
    "$PYTHON" predict.py --model_path "$OUT/width_0.5/static_model/int8" --text "the plot is never dull"
    "$PYTHON" predict.py --model_path "$OUT/width_0.5/static_model/int8" --text "the ending feels lazy , all in all"
fi
