#!/bin/sh
# The measured tables from real data:   DATA_DIR=../shared/data/lm_text sh fleetx_gpt/benchmark.sh
# A GPT of 5 M parameters learns film reviews; it is quantised, pruned, distilled, and all three at once; what is reported is
# the test text (next token) and LAMBADA (last words). Four criteria of pruning are compared, with and without a teacher, over
# three seeds. A ViT learns CIFAR-10 and is quantised. Every step is skipped when its result is there, and an interrupted
# training goes on: run the same command again. Some hours on 2 cores.
# OUTPUT=DIR puts the models elsewhere, RESULTS=DIR the figures (then no README is touched). IMAGES is the .npz of images;
# SEEDS and CRITERIA choose what is compared; FLAGS, VIT_FLAGS and MEASURE are further words for the GPTs' and the ViTs' tools
# and for both measurements.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
COMMAND="DATA_DIR=${DATA_DIR:-../shared/data/lm_text} sh fleetx_gpt/benchmark.sh"
DATA=$(cd "${DATA_DIR:-$REPO/../shared/data/lm_text}/en" && pwd) || {
    echo "error: DATA_DIR: no folder with en/imdb_reviews_train.txt and so on" >&2
    exit 2
}
IMAGES=$(realpath "${IMAGES:-$DATA/../../images/cifar10_small.npz}")
FIGURES=${RESULTS:-$REPO/results}
mkdir -p "$FIGURES"
FIGURES=$(cd "$FIGURES" && pwd)
cd "$REPO/fleetx_gpt"
OUT=${OUTPUT:-checkpoints/benchmark}
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
TEST=$DATA/imdb_reviews_valid.txt

# shellcheck disable=SC2086  # WORDS are separate words
tool() { # TOOL CONFIG, then words
    script=$1 config=$2
    shift 2
    "$PYTHON" "tools/$script.py" -c "configs/benchmark/$config.yaml" "$@" $WORDS
}
train() { # RUN CONFIG, then words: once, and on from where it was interrupted
    run=$1 config=$2
    shift 2
    [ ! -f "$OUT/$run/scores.json" ] || return 0
    for manifest in "$OUT/$run"/epoch_*_step_*/manifest.json; do
        [ ! -f "$manifest" ] || { set -- "$@" -o "Engine.save_load.ckpt_dir=$OUT/$run" && break; }
    done
    printf '\n== %s\n' "$run"
    tool train "$config" -o "Engine.save_load.output_dir=$OUT/$run" "$@"
}
score() { # RUN CONFIG NAME, then words
    run=$1 config=$2 name=$3
    shift 3
    [ -f "$OUT/$run/$name.json" ] ||
        tool eval "$config" -o "Engine.save_load.ckpt_dir=$OUT/$run" --output "$OUT/$run/$name.json" "$@"
}
export_once() { # RUN CONFIG
    [ -f "$OUT/$1/exported/manifest.json" ] ||
        tool export "$2" -o "Engine.save_load.ckpt_dir=$OUT/$1" -o "Inference.model_dir=$OUT/$1/exported"
}
gpt() { # RUN CONFIG, then words
    train "$@" -o "Data.Train.dataset.input_dir=$DATA/imdb_reviews_train.txt" \
        -o "Data.Eval.dataset.input_dir=$DATA/imdb_reviews_train.txt"
    case $2 in # the sizes; how it was compressed, the checkpoint says by itself
        gpt_student | gpt_distill) sizes=gpt_student ;;
        *) sizes=gpt ;;
    esac
    score "$1" "$sizes" scores -o "Offline_Eval.eval_path=$TEST"
}
listed() { # RUN, its size's CONFIG: a model for the tables
    score "$1" "$2" cloze -o "Offline_Eval.eval_path=$DATA/lambada_test.jsonl" -o Offline_Eval.cloze_eval=True
    export_once "$1" "$2"
}

WORDS=${FLAGS:-}
DENSE=$OUT/dense
gpt dense gpt
gpt continued gpt_continued -o "Compress.pretrained=$DENSE"
gpt qat gpt_qat -o "Compress.pretrained=$DENSE"
gpt pruned gpt_prune -o "Compress.pretrained=$DENSE"
gpt student gpt_student
gpt distilled gpt_distill -o "Compress.Distillation.Teacher.save_load.ckpt_dir=$DENSE"
gpt joint gpt_joint -o "Compress.pretrained=$DENSE"
for run in dense qat pruned joint; do listed "$run" gpt; done
for run in student distilled; do listed "$run" gpt_student; done
# Twenty-four models: a quarter of the test text has to do for them.
WHOLE=$TEST TEST=$OUT/quarter.txt
head -n $((($(wc -l <"$WHOLE") + 3) / 4)) "$WHOLE" >"$OUT/quarter.part" && mv "$OUT/quarter.part" "$TEST"
for criterion in ${CRITERIA-l1_norm l2_norm taylor activation}; do
    for seed in ${SEEDS:-1024 1025 1026}; do
        for kind in plain distilled; do
            distil=False
            [ $kind = plain ] || distil=True
            gpt "criteria/$criterion/$kind/$seed" gpt_criteria -o "Compress.pretrained=$DENSE" \
                -o "Global.seed=$seed" -o "Compress.Prune.criterion=$criterion" -o "Compress.Distillation.enable=$distil"
        done
    done
done
TEST=$WHOLE

WORDS=${VIT_FLAGS:-}
HELD=$OUT/images.npz
[ -f "$HELD" ] || "$PYTHON" data/hold_out.py --images "$IMAGES" --output "$HELD"
vit() { # RUN CONFIG, then words
    train "$@" -o "Data.Train.dataset.input_dir=$HELD" -o "Data.Eval.dataset.input_dir=$HELD"
    score "$1" vit scores -o "Offline_Eval.eval_path=$IMAGES"
    export_once "$1" vit
}
vit vit vit
vit vit_qat vit_qat -o "Compress.pretrained=$OUT/vit"

# shellcheck disable=SC2086  # MEASURE are separate words
measure() { # APP CONFIG EVAL_PATH SPLIT, then words of bench/measure.py
    app=$1 config=$2 eval=$3 split=$4
    shift 4
    "$PYTHON" -m bench.measure -c "configs/benchmark/$config.yaml" --eval_path "$eval" --split "$split" --app "$app" \
        --command "$COMMAND" --workers 2 --output "$FIGURES/$app.json" "$@" ${MEASURE:-} >/dev/null
}
# shellcheck disable=SC2086  # SEEDS are separate words
measure fleetx_gpt gpt "$TEST" "imdb_reviews_valid.txt (test), LAMBADA (cloze)" --seeds ${SEEDS:-1024 1025 1026} \
    --stages "original=$DENSE/exported" "int8=$OUT/qat/exported" "width_0.875=$OUT/pruned/exported" \
    "width_0.75_int8=$OUT/joint/exported" \
    --alternatives "3 layers=$OUT/student/exported" "3 layers + KD=$OUT/distilled/exported"
"$PYTHON" -m bench.collect --summary "$FIGURES/fleetx_gpt.json" --runs "$OUT"
measure fleetx_gpt_vit vit "$IMAGES" "CIFAR-10, 1,000 test images" --seeds 2021 \
    --stages "original=$OUT/vit/exported" "int8=$OUT/vit_qat/exported"

cd "$REPO"
for name in fleetx_gpt fleetx_gpt_vit; do
    set --
    [ -n "${RESULTS:-}" ] || set -- --readme fleetx_gpt/README.md fleetx_gpt/README.zh-CN.md
    "$PYTHON" -m common.report "$FIGURES/$name.json" --output_dir "$FIGURES/$name" "$@"
done
