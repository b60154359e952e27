#!/bin/sh
# Every stage on the bundled sample data, offline: train, compress, export, quantise, measure, answer, report.
# A few minutes on 2 cores after the environment is made. OUTPUT changes the folder.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/msra_ner_ofa"
OUT=${OUTPUT:-checkpoints}
OFA=$OUT/msra_ner_ofa
ENGINES="paddle onnxruntime openvino"

printf '\n== 1 train a small BERT from scratch\n'
OUTPUT="$OUT/msra_ner" sh run_train.sh
# The trainings keep one core busy: exports go beside them, and two at a time.
printf '\n== 2 export it, and beside that four widths in one training\n'
# shellcheck disable=SC2086  # ENGINES are separate words
export_one() { # MODEL WIDTH, then words
    model=$1 width=$2
    shift 2
    MODEL=$model OMP_NUM_THREADS=1 sh run_export_model.sh "$width" --gate_engines $ENGINES "$@"
}
export_one "$OUT/msra_ner/model_best" 1.0 &
original=$!
OUTPUT="$OFA" TEACHER="$OUT/msra_ner/model_best" sh run_compress.sh
wait "$original"
printf '\n== 3 export each width, the smallest in INT8 too\n'
(
    export_one "$OFA/model_0.8333333333333334" 0.8333333333333334
    export_one "$OFA/model_0.6666666666666666" 0.6666666666666666
) &
wide=$!
export_one "$OFA/model_0.5" 0.5 --int8 --data_dir data/msra
wait "$wide"

printf '\n== 4 measure\n'
"$PYTHON" -m bench.measure --stages "original=$OUT/msra_ner/model_best/static_model/bundle" \
    "width_0.8333=$OFA/model_0.8333333333333334/static_model/bundle" \
    "width_0.6667=$OFA/model_0.6666666666666666/static_model/bundle" \
    "width_0.5=$OFA/model_0.5/static_model/bundle" "width_0.5_int8=$OFA/model_0.5/static_model_int8/bundle" \
    --test_path data/msra/test.txt --rounds 1 --repeats 1 --engines paddle onnxruntime --characters 2000 \
    --split "sample test" --seeds 42 --command "sh msra_ner_ofa/run_all.sh" --output "$OUT/summary.json" >/dev/null
"$PYTHON" -m common.report "$OUT/summary.json" --output_dir "$OUT/report"

printf '\n== 5 answers of the smallest model\n'
"$PYTHON" predict.py --model_path "$OFA/model_0.5/static_model_int8" --text 记者李明昨天从青山市报道，东河大学和金山集团签署了合作协议。
