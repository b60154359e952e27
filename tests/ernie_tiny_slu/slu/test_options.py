# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which flags belong together, what the choices are, and that words given later win."""

import re

from common import cli
from common.cli import UserError

import pytest
import run_eval
from slu import options

NEEDED = "--output_dir o --train_path t --dev_path d "


def parse(line: str) -> options.Options:
    return cli.parse(options.Options, (NEEDED + line).split())


def test_defaults_are_the_documents():
    made = parse("--do_train")
    assert (made.num_train_epochs, made.save_steps, made.logging_steps) == (10, 100, 100)
    assert (made.per_device_train_batch_size, made.per_device_eval_batch_size) == (32, 32)
    assert (made.input_dtype, made.max_seq_length, made.learning_rate) == ("int64", 16, 5e-5)
    assert made.eval_steps == made.save_steps


def test_from_scratch_has_a_learning_rate_of_its_own():
    assert parse("--do_train --from_scratch").learning_rate == 3e-4
    assert parse("--do_train --from_scratch --learning_rate 1e-3").learning_rate == 1e-3


def test_words_given_later_win():
    """run_*.sh put the user's words behind their own."""
    made = parse(
        "--do_train --num_train_epochs 30 --label_names intent_label slot_label --disable_tqdm --width_mult_list 0.75 "
        "--num_train_epochs 3 --label_names slot_label --disable_tqdm False --width_mult_list 0.5 0.25"
    )
    assert (made.num_train_epochs, made.label_names, made.disable_tqdm) == (3, ("slot_label",), False)
    assert made.width_mult_list == (0.5, 0.25)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--do_train --do_compress", "--do_compress and --do_train exclude each other"),
        ("--do_eval --do_compress", "--do_compress and --do_eval exclude each other"),
        ("--do_export --do_compress", "--do_compress and --do_export exclude each other"),
        ("--prune_embeddings --do_compress", "--do_compress and --prune_embeddings exclude each other"),
        ("", "nothing to do; pass one of --do_train"),
        ("--do_train --label_names intents", "--label_names: `intents` (did you mean `intent_label`?)"),
        ("--do_eval --from_scratch", "--from_scratch needs --do_train"),
        (
            "--do_compress --strategy dynabret",
            "--strategy: `dynabret` (did you mean `dynabert`?); allowed are dynabert",
        ),
        ("--do_compress --strategy dynabert+", "--strategy: ``; allowed are"),
        ("--do_compress --strategy qat+qat", "--strategy qat+qat: a word stands twice"),
        ("--do_compress --strategy qat+ptq", "qat and ptq both make INT8 matrix products; take one"),
        ("--do_compress --width_mult_list 0", "--width_mult_list: 0 is not in (0, 1]"),
        ("--do_compress --width_mult_list 0.75 1.5", "--width_mult_list: 1.5 is not in (0, 1]"),
        ("--do_compress --width_mult_list 0.5 0.5", "--width_mult_list: 0.5 0.5 names a width twice"),
        ("--do_train --decoder cfr", "--decoder must be one of argmax, bio, crf, got cfr (did you mean `crf`?)"),
        ("--do_train --input_dtype int16", "--input_dtype must be one of int64, int32, got int16"),
        ("--do_train --max_seq_length 2", "--max_seq_length must be at least 3, got 2"),
        ("--do_train --load_best_model_at_end", "--load_best_model_at_end needs --metric_for_best_model"),
        ("--do_train --save_steps 100 --eval_steps 30", "--save_steps 100 must be a multiple of --eval_steps 30"),
        ("--do_train --max_vocab_sise 6", "unknown flag --max_vocab_sise (did you mean `--max_vocab_size`?)"),
        ("--do_train --gate_engines paddle onnx", "--gate_engines: `onnx` (did you mean `onnxruntime`?); allowed are"),
        ("--do_train --gate_engines paddle", "--gate_engines needs onnxruntime"),
    ],
)
def test_what_does_not_go_is_named_with_its_flag(line, message):
    with pytest.raises(UserError, match=re.escape(message)):
        parse(line)


@pytest.mark.parametrize("missing", ["--train_path t", "--dev_path d"])
@pytest.mark.parametrize("action", ["--do_train", "--do_compress"])
def test_data_that_an_action_needs(missing, action):
    words = (NEEDED.replace(missing, "") + action).split()
    with pytest.raises(UserError, match=f"{missing.split()[0]} is needed"):
        cli.parse(options.Options, words)


def test_the_strategys_order_is_ours():
    assert options.check_strategy("embeddings+qat+dynabert") == ["dynabert", "qat", "embeddings"]
    assert options.check_strategy("embeddings+ptq") == ["ptq", "embeddings"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--per_device_eval_batch_size 0", "--per_device_eval_batch_size must be at least 1, got 0"),
        ("--cpu_num_threads 0", "--cpu_num_threads must be at least 1, got 0"),
        ("--max_seq_length 1", "--max_seq_length must be at least 3, got 1"),
        ("--decoder viterbi", "--decoder must be one of argmax, bio, crf, got viterbi"),
        ("--infer_prefx x", "unknown flag --infer_prefx (did you mean `--infer_prefix`?)"),
    ],
)
def test_options_of_run_eval(line, message):
    with pytest.raises(UserError, match=re.escape(message)):
        cli.parse(run_eval.Options, ["--infer_prefix", "x", "--test_path", "t", *line.split()])


def test_run_eval_needs_model_and_data():
    with pytest.raises(UserError, match="test_path"):
        cli.parse(run_eval.Options, ["--infer_prefix", "x"])
