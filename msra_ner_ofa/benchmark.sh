#!/bin/sh
# The measured tables from real data:
#   DATA_DIR=../shared/data/msra_ner sh msra_ner_ofa/benchmark.sh
# DATA_DIR holds train.txt, test.txt and label.txt. Two cores cannot train on all of it: ROWS of the training sentences are
# drawn by a fixed seed; the test set is taken whole (TEST_ROWS). Every step is skipped when its result is there, and an
# interrupted training goes on: run the same command again. OUTPUT=DIR puts the models elsewhere, RESULTS=DIR the figures
# (then no README is touched). TEACHER, STUDENT, EXPORT, REFERENCE and MEASURE are further words for run_msra_ner.py,
# run_msra_ner_ofa.py, the export, bench/random_model.py and bench/measure.py; ABLATION_STEPS are the steps of each run of the ablation.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
COMMAND="DATA_DIR=${DATA_DIR:-../shared/data/msra_ner} sh msra_ner_ofa/benchmark.sh"
DATA=$(cd "${DATA_DIR:-$REPO/../shared/data/msra_ner}" && pwd) || {
    echo "error: DATA_DIR: no folder with train.txt, test.txt and label.txt" >&2
    exit 2
}
FIGURES=${RESULTS:-$REPO/results}
cd "$REPO/msra_ner_ofa"
OUT=${OUTPUT:-checkpoints/benchmark}
mkdir -p "$OUT/data" "$FIGURES"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
SEED=42
WIDTHS="1.0 0.8333333333333334 0.6666666666666666 0.5"

draw() { # PART ROWS
    [ -f "$OUT/data/$1.txt" ] ||
        "$PYTHON" data/subsample.py --input "$DATA/$1.txt" --output "$OUT/data/$1.txt" --rows "$2" --seed 2018
}
sentences() { # FILE
    awk 'BEGIN { RS = "" } END { print NR }' "$1"
}
draw train "${ROWS:-12000}"
draw test "${TEST_ROWS:-100000}"
cp "$DATA/label.txt" "$OUT/data/label.txt"
SPLIT="test, $(sentences "$OUT/data/test.txt") sentences (trained on $(sentences "$OUT/data/train.txt") of $(sentences "$DATA/train.txt"))"

# 6 heads, so that each of the four widths has a number of heads of its own
# shellcheck disable=SC2086  # TEACHER are separate words
[ -f "$OUT/msra_ner/model_best/training.json" ] || "$PYTHON" run_msra_ner.py \
    --model_name_or_path bert-base-chinese --from_scratch --num_hidden_layers 3 --hidden_size 192 --num_attention_heads 6 \
    --vocab_size 4800 \
    --data_dir "$OUT/data" --dev_fraction 0.05 --max_seq_length 128 --batch_size 32 --learning_rate 1e-3 \
    --warmup_ratio 0.1 --num_train_epochs 10 --logging_steps 50 --save_steps 350 --seed $SEED --device cpu --disable_tqdm \
    --resume_from_checkpoint last --output_dir "$OUT/msra_ner" ${TEACHER:-}

# shellcheck disable=SC2086  # WIDTHS and STUDENT are separate words
compress() { # FOLDER, then words
    folder=$1
    shift
    [ -f "$folder/done" ] || {
        "$PYTHON" run_msra_ner_ofa.py --model_type bert --model_name_or_path "$OUT/msra_ner/model_best" --task_name msra \
            --data_dir "$OUT/data" --dev_fraction 0.05 --max_seq_length 128 --batch_size 32 --learning_rate 3e-4 \
            --logging_steps 50 --seed $SEED --device cpu --disable_tqdm --width_mult_list $WIDTHS \
            --resume_from_checkpoint last --output_dir "$folder" "$@" ${STUDENT:-}
        touch "$folder/done"
    }
}
OFA=$OUT/msra_ner_ofa
compress "$OFA" --num_train_epochs 4 --save_steps 178

# shellcheck disable=SC2086  # EXPORT are separate words
export_once() { # CHECKPOINT WIDTH, then words
    checkpoint=$1
    width=$2
    shift 2
    [ -f "$checkpoint/done" ] || {
        "$PYTHON" export_model_msra_ner_ofa.py --model_type bert --model_name_or_path "$checkpoint" --max_seq_length 128 \
            --sub_model_output_dir "$checkpoint/dynamic_model" --static_sub_model "$checkpoint/static_model" \
            --width_mult "$width" --n_gpu 0 "$@" ${EXPORT:-}
        touch "$checkpoint/done"
    }
}
export_once "$OUT/msra_ner/model_best" 1.0
for width in $WIDTHS; do
    export_once "$OFA/model_$width" "$width" --int8 --data_dir "$OUT/data"
done

# What distillation and reordering are good for: four runs of equal length, alike but for the two.
# shellcheck disable=SC2086
ablate() { # NAME, then words
    name=$1
    shift
    folder=$OUT/ablation/$name
    compress "$folder" --max_steps "${ABLATION_STEPS:-80}" --save_steps 80 "$@"
    for width in $WIDTHS; do
        [ -f "$folder/scores_$width.json" ] || "$PYTHON" evaluate.py --model_name_or_path "$folder/model_$width" \
            --data_dir "$OUT/data" --device cpu --output "$folder/scores_$width.json"
    done
}
ablate distill_reorder
ablate distill --reorder False
ablate reorder --distill False
ablate neither --reorder False --distill False
RUNS=
for name in distill_reorder distill reorder neither; do
    RUNS="$RUNS $name=$OUT/ablation/$name"
done

# shellcheck disable=SC2086  # RUNS and MEASURE are separate words
"$PYTHON" -m bench.measure --stages "original=$OUT/msra_ner/model_best/static_model/bundle" \
    "width_1=$OFA/model_1.0/static_model/bundle" \
    "width_0.8333=$OFA/model_0.8333333333333334/static_model/bundle" \
    "width_0.6667=$OFA/model_0.6666666666666666/static_model/bundle" \
    "width_0.5=$OFA/model_0.5/static_model/bundle" \
    "width_0.6667_int8=$OFA/model_0.6666666666666666/static_model_int8/bundle" \
    "width_0.5_int8=$OFA/model_0.5/static_model_int8/bundle" \
    --test_path "$OUT/data/test.txt" --split "$SPLIT" --seeds $SEED --command "$COMMAND" \
    --ablation $RUNS --output "$FIGURES/msra_ner_ofa.json" ${MEASURE:-} >/dev/null

# The document's architecture, BERT-base, with random weights: its times and sizes, no scores.
REF=$OUT/reference
# shellcheck disable=SC2086  # REFERENCE and MEASURE are separate words
{
    "$PYTHON" -m bench.random_model --output_dir "$REF" --data_dir "$OUT/data" --max_seq_length 128 --seed $SEED ${REFERENCE:-}
    "$PYTHON" -m bench.measure --stages "original=$REF/original/bundle" "width_0.8333=$REF/width_0.8333/bundle" \
        "width_0.6667=$REF/width_0.6667/bundle" "width_0.5=$REF/width_0.5/bundle" \
        "width_0.5_int8=$REF/width_0.5_int8/bundle" --scores False --app msra_ner_ofa_bert_base \
        --test_path "$OUT/data/test.txt" --split "test, 10,451 characters" --seeds $SEED --command "$COMMAND" \
        --rounds 1 --repeats 2 --output "$FIGURES/msra_ner_ofa_bert_base.json" ${MEASURE:-} >/dev/null
}

set --
if [ -z "${RESULTS:-}" ]; then
    set -- --readme "$REPO/msra_ner_ofa/README.md" "$REPO/msra_ner_ofa/README.zh-CN.md"
fi
for name in msra_ner_ofa msra_ner_ofa_bert_base; do
    "$PYTHON" -m common.report "$FIGURES/$name.json" --output_dir "$FIGURES/$name" "$@"
done
