#!/bin/sh
# Every stage on the bundled stories, offline: train a small GPT, prune a quarter of it, let it learn from the dense one,
# quantise it, export three of these (each engine is compared with the model in memory), measure, and let them go on with a
# text. Some minutes on 2 cores after the environment is made. OUTPUT changes the folder.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/fleetx_gpt"
OUT=${OUTPUT:-./output/sample}
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"

train() { # RUN CONFIG, then words
    run=$1 config=$2
    shift 2
    "$PYTHON" tools/train.py -c "configs/small/$config.yaml" -o "Engine.save_load.output_dir=$OUT/$run" \
        -o Engine.save_load.overwrite=True "$@"
}
export_one() { # RUN
    "$PYTHON" tools/export.py -c configs/small/sample.yaml -o "Engine.save_load.ckpt_dir=$OUT/$1" \
        -o "Inference.model_dir=$OUT/$1/exported"
}
TEACHER=Compress.Distillation.Teacher.save_load.ckpt_dir=$OUT/dense

printf '\n== 1 train\n'
train dense sample
printf '\n== 2 prune a quarter\n'
train pruned sample_prune -o "Compress.pretrained=$OUT/dense"
printf '\n== 3 distil\n'
train distilled sample_distill -o "Compress.pretrained=$OUT/pruned" -o "$TEACHER"
printf '\n== 4 quantise\n'
train qat sample_qat -o "Compress.pretrained=$OUT/distilled" -o "$TEACHER"

printf '\n== 5 export, with a parity gate on each engine\n'
export_one dense
export_one distilled
export_one qat

printf '\n== 6 the last word of each test story, and what each stage costs and keeps\n'
for run in dense qat; do
    printf '%s: ' "$run"
    "$PYTHON" tools/eval.py -c configs/small/sample.yaml -o "Engine.save_load.ckpt_dir=$OUT/$run" \
        -o Offline_Eval.eval_path=data/sample/cloze.jsonl -o Offline_Eval.cloze_eval=True
done
"$PYTHON" -m bench.measure -c configs/small/sample.yaml --stages "original=$OUT/dense/exported" \
    "width_0.75=$OUT/distilled/exported" "width_0.75_int8=$OUT/qat/exported" --eval_path data/sample/test.txt \
    --rounds 1 --repeats 3 --workers 2 --split "sample test" --seeds 1024 --command "sh fleetx_gpt/run_all.sh" \
    --output "$OUT/summary.json" >/dev/null
"$PYTHON" -m common.report "$OUT/summary.json" --output_dir "$OUT/report"

printf '\n== 7 the smallest model goes on\n'
"$PYTHON" tools/inference.py -c configs/small/sample.yaml -o "Inference.model_dir=$OUT/qat/exported" \
    --engine onnxruntime --text "On a windy day Ada met an otter and a crow beside a green kite."
