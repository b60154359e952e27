#!/bin/sh
# Every stage on the bundled sample data, offline: train, prune, quantise, export, check, answer, report.
# About 5 minutes on 2 cores after the environment is made. MODEL and OUTPUT change the model and the folder.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
cd "$REPO/ernie_tiny_slu"
MODEL=${MODEL:-ernie-3.0-tiny-pico-v2-zh}
OUT=${OUTPUT:-output}
SEED=42

run() { # STAGE, FOLDER, then words for run_train.py; what every run has in common is added
    printf '\n== %s\n' "$1"
    folder=$2
    shift 2
    "$PYTHON" run_train.py --output_dir "$folder" --overwrite_output_dir --device cpu --seed $SEED \
        --train_path data/train.txt --dev_path data/dev.txt \
        --intent_label_path data/intent_label.txt --slot_label_path data/slot_label.txt \
        --max_seq_length 16 --input_dtype int32 --per_device_train_batch_size 16 --per_device_eval_batch_size 64 \
        --save_steps 300 --save_total_limit 1 --metric_for_best_model eval_accuracy --load_best_model_at_end "$@"
}

run "1 train" "$OUT/original" --from_scratch --model_name_or_path "$MODEL" --do_train --do_eval --do_export \
    --num_train_epochs 14 --learning_rate 1e-3 --warmup_ratio 0.1
run "2 prune the vocabulary" "$OUT/vocabulary" --model_name_or_path "$OUT/original" \
    --prune_embeddings --max_vocab_size 6000 --do_eval --do_export
run "3 prune the width, 4 quantise matrix products (QAT), 5 quantise embeddings" "$OUT/compressed" \
    --model_name_or_path "$OUT/vocabulary" --do_compress --strategy 'dynabert+qat+embeddings' --width_mult_list 0.75 \
    --num_train_epochs 4 --learning_rate 5e-4

printf '\n== 6 measure every stage on every engine\n'
c=$OUT/compressed/width_mult_0.75
"$PYTHON" -m bench.measure --stages "original=$OUT/original/bundle" "vocabulary=$OUT/vocabulary/bundle" "width=$c/bundle" \
    "int8=${c}_qat/bundle" "embedding=${c}_qat_embeddings/bundle" \
    --test_path data/test.txt --train_path data/train.txt --workers 2 --rounds 1 --latency_sentences 50 --repeats 1 \
    --split "sample test" --seeds $SEED --command "sh ernie_tiny_slu/run_all.sh" --output "$OUT/summary.json" >/dev/null
"$PYTHON" -m common.report "$OUT/summary.json" --output_dir "$OUT/report"

printf '\n== 7 answers of the smallest model\n'
"$PYTHON" deploy/python/infer_demo.py --model_dir "${c}_qat_embeddings/bundle" --backend onnx_runtime \
    --text 来一首周华健的花心 打电话给10086 导航去人民公园 播放Yesterday 下一首
