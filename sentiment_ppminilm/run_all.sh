#!/bin/sh
# Every stage on the bundled sample data, offline: train, evaluate, export, quantise, prune, measure, answer, report.
# A few minutes on 2 cores after the environment is made. OUTPUT changes the folder.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/sentiment_ppminilm"
OUT=${OUTPUT:-checkpoints/pp_checkpoints}
export OUTPUT="$OUT"

printf '\n== 1 train a small PP-MiniLM from scratch\n'
sh run_train.sh
printf '\n== 2 evaluate\n'
sh run_evaluate.sh
printf '\n== 3 export\n'
sh run_export_model.sh pp_minilm
printf '\n== 4 quantise\n'
sh run_quant.sh
printf '\n== 5 half the width, exported and quantised with its tables\n'
sh run_prune.sh
"$PYTHON" quant_post.py --static_model_dir "$OUT/pruned/width_0.5/static" --quant_model_dir "$OUT/pruned/width_0.5/quant" \
    --embeddings

printf '\n== 6 measure\n'
half=$OUT/pruned/width_0.5
"$PYTHON" -m bench.measure --stages "original=$OUT/static/bundle" "int8=$OUT/quant/bundle" "width=$half/static/bundle" \
    "width_int8=$half/quant/bundle" --test_path data/cls_data/test.txt --rounds 1 --repeats 3 \
    --split "sample test" --seeds 1000 --command "sh sentiment_ppminilm/run_all.sh" --output "$OUT/summary.json" >/dev/null
"$PYTHON" -m common.report "$OUT/summary.json" --output_dir "$OUT/report"

printf '\n== 7 answers of the smallest model\n'
"$PYTHON" predict.py --model_path "$half/quant/bundle" --aspect 味道很好 --text 味道很好，就是上菜太慢了
"$PYTHON" predict.py --model_path "$half/quant/bundle" --aspect 上菜太慢 --text 味道很好，就是上菜太慢了
