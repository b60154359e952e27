#!/bin/sh
# The measured tables from real data:   DATA_DIR=../shared/data/glue sh glue_ofa/benchmark.sh
# Two cores train a small BERT from scratch on each task (ARCHITECTURE), SST-2 with one seed, the small tasks with three;
# the ablation trains widths of the first model for ABLATION_STEPS, with three seeds; the widths of the first model are
# measured on every engine; a second summary times BERT-base's real size with random weights, length 128, batch 16. Every
# step is skipped when its result is there, and an interrupted training goes on: run the same command again. Some hours.
# OUTPUT=DIR puts the models elsewhere, RESULTS=DIR the figures (then no README is touched). TASKS and SEEDS choose what is
# trained, ABLATION is a list of its variants (empty: none); ARCHITECTURE, FLAGS, QUANT, MEASURE and SHAPE are further words
# for run_glue.py from scratch, for both trainings, for export_model.py, for both measurements and for bench/random_model.py.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
COMMAND="DATA_DIR=${DATA_DIR:-../shared/data/glue} sh glue_ofa/benchmark.sh"
DATA=$(cd "${DATA_DIR:-$REPO/../shared/data/glue}" && pwd) || {
    echo "error: DATA_DIR: no folder with SST-2/train.tsv and so on" >&2
    exit 2
}
FIGURES=${RESULTS:-$REPO/results}
mkdir -p "$FIGURES"
FIGURES=$(cd "$FIGURES" && pwd)
cd "$REPO/glue_ofa"
OUT=${OUTPUT:-checkpoints/benchmark}
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
ARCHITECTURE=${ARCHITECTURE:---num_hidden_layers 3 --hidden_size 192 --num_attention_heads 6 --vocab_size 16000}
ENGINES="paddle onnxruntime openvino"
WIDTHS="1.0 0.8333333333333334 0.6666666666666666 0.5"

settings() { # TASK: words of each task
    case $1 in
        SST-2) TUNE="--num_train_epochs 2 --save_steps 400" WIDEN="--max_steps 1000 --save_steps 250" HELD=0.03 ;;
        CoLA) TUNE="--num_train_epochs 3 --save_steps 100" WIDEN="--num_train_epochs 1 --save_steps 70" HELD=0.1 ;;
        *) TUNE="--num_train_epochs 3 --save_steps 50" WIDEN="--num_train_epochs 1 --save_steps 30" HELD=0.1 ;;
    esac
}
# shellcheck disable=SC2086  # FLAGS are separate words
train() { # SCRIPT TASK SEED, then words
    script=$1 task=$2 seed=$3
    shift 3
    "$PYTHON" "$script" --model_type bert --task_name "$task" --data_dir "$DATA" --max_seq_length 128 --batch_size 32 \
        --selection_fraction "$HELD" --seed "$seed" --logging_steps 50 --n_gpu 0 --disable_tqdm \
        --resume_from_checkpoint last "$@" ${FLAGS:-}
}
# shellcheck disable=SC2086  # WIDTHS are separate words
widen() { # FINE_TUNED FOLDER TASK SEED, then words
    source=$1 folder=$2
    shift 2
    [ -f "$folder/training.json" ] || train run_glue_ofa.py "$@" --model_name_or_path "$source" --output_dir "$folder" \
        --learning_rate 3e-4 --width_mult_list $WIDTHS
}
# shellcheck disable=SC2086  # TUNE, WIDEN and ARCHITECTURE are separate words
one_run() { # TASK SEED
    settings "$1"
    [ -f "$OUT/$1/$2/fine_tuned/training.json" ] || train run_glue.py "$1" "$2" --from_scratch \
        --model_name_or_path bert-base-uncased --output_dir "$OUT/$1/$2/fine_tuned" --learning_rate 5e-4 $TUNE $ARCHITECTURE
    widen "$OUT/$1/$2/fine_tuned" "$OUT/$1/$2/ofa" "$1" "$2" $WIDEN
}

FIRST=
for task in ${TASKS:-SST-2 CoLA MRPC STS-B RTE}; do
    seeds=${SEEDS:-42 43 44}
    [ "$task" != SST-2 ] || seeds=${seeds%% *}
    for seed in $seeds; do
        one_run "$task" "$seed"
        [ -n "$FIRST" ] || FIRST=$task/$seed
    done
done
TASK=${FIRST%/*} SEED=${FIRST#*/}
settings "$TASK"
RUN=$OUT/$TASK/$SEED
for variant in ${ABLATION-distill_reorder distill reorder neither}; do
    case $variant in
        distill_reorder) words="" ;;
        distill) words="--reorder False" ;;
        reorder) words="--distill False" ;;
        neither) words="--reorder False --distill False" ;;
    esac
    for seed in ${SEEDS:-42 43 44}; do
        # shellcheck disable=SC2086  # words are separate
        widen "$RUN/fine_tuned" "$OUT/ablation/$variant/$seed" "$TASK" "$seed" $words \
            --max_steps "${ABLATION_STEPS:-80}" --save_steps 80
    done
done

# shellcheck disable=SC2086  # ENGINES and QUANT are separate words
export_once() { # FOLDER WIDTH STAGE
    [ -f "$OUT/exported/$3/int8/bundle/manifest.json" ] ||
        "$PYTHON" export_model.py --model_name_or_path "$1" --width_mult "$2" --max_seq_length 128 --n_gpu 0 \
            --sub_model_output_dir "$OUT/exported/$3/dynamic" --static_sub_model "$OUT/exported/$3" --int8 \
            --gate_engines $ENGINES ${QUANT:-}
}
export_once "$RUN/fine_tuned" 1.0 original
for width in $WIDTHS; do
    export_once "$RUN/ofa" "$width" "$(printf 'width_%.4g' "$width")"
done
listed() { # FOLDER STAGE…: the words of bench/measure.py
    folder=$1
    shift
    for stage in "$@"; do printf ' %s=%s/%s/bundle' "$stage" "$folder" "$stage"; done
    for stage in "$@"; do
        [ "$stage" = original ] || printf ' %s_int8=%s/%s/int8/bundle' "$stage" "$folder" "$stage"
    done
}
# shellcheck disable=SC2046,SC2086  # lists of words
"$PYTHON" -m bench.measure --stages $(listed "$OUT/exported" original width_1 width_0.8333 width_0.6667 width_0.5) \
    --data_dir "$DATA" --split "$TASK dev (trained from scratch)" --seeds "$SEED" --command "$COMMAND" \
    --engines $ENGINES --output "$FIGURES/glue_ofa.json" ${MEASURE:-} >/dev/null
"$PYTHON" -m bench.collect --summary "$FIGURES/glue_ofa.json" --runs "$OUT"

# shellcheck disable=SC2046,SC2086  # lists of words
"$PYTHON" -m bench.random_model --output_dir "$OUT/bert_base" --max_seq_length 128 --gate_engines $ENGINES ${SHAPE:-}
# shellcheck disable=SC2046,SC2086  # lists of words
"$PYTHON" -m bench.measure --stages $(listed "$OUT/bert_base" original width_0.8333 width_0.6667 width_0.5) \
    --app glue_ofa_bert_base --split "none (random weights)" --command "$COMMAND" --engines $ENGINES \
    --rounds 1 --repeats 3 --output "$FIGURES/glue_ofa_bert_base.json" ${MEASURE:-} >/dev/null

cd "$REPO"
for name in glue_ofa glue_ofa_bert_base; do
    set --
    [ -n "${RESULTS:-}" ] || set -- --readme glue_ofa/README.md glue_ofa/README.zh-CN.md
    "$PYTHON" -m common.report "$FIGURES/$name.json" --output_dir "$FIGURES/$name" "$@"
done
