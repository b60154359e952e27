# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The document's spellings of the training options, and options that cannot work, each refused in one line."""

from pathlib import Path

from common import cli
from common.cli import UserError

import prune_width
import pytest
from aspect.options import Options
from calls import call
from tiny_aspects import train_words

WORDS = (
    "--checkpoints here --num_epochs 2 --batch_size 4 --eval_batch_size 8 --warmup_proportion 0.2 --log_steps 5 "
    "--eval_steps 20"
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_model_name": "bert-base"}, "--base_model_name bert-base: its architecture is none of ppminilm, skep"),
        ({"base_model_name": "ppminilm-6l-768h"}, "neither a folder here nor reachable as a model name"),
        ({"label_path": "nowhere.dict"}, "nowhere.dict: no such label file"),
        ({"train_path": "nowhere.txt"}, "nowhere.txt: no such data file"),
        ({"max_seq_len": 65}, "--max_seq_len 65: the model's position table has 64 rows"),
        ({"max_seq_len": 4}, "--max_seq_len must be at least 5, got 4"),
        ({"batch_size": 0}, "--batch_size must be at least 1, got 0"),
        ({"warmup_proportion": 1.0}, "--warmup_proportion must be in [0, 1), got 1.0"),
        ({"hidden_size": 64}, "--hidden_size 64: needs --from_scratch"),
        ({"from_scratch": True, "hidden_size": 65}, "--hidden_size 65 is no multiple of 64"),
        ({"resume_from_checkpoint": "nowhere"}, "--resume_from_checkpoint nowhere: not a whole checkpoint"),
        ({"learning_rate": 1e30}, "the loss is"),
    ],
)
def test_bad_options_are_one_line_with_exit_code_2(tiny, tmp_path, changes, message):
    ended = call("train", *train_words(tiny, tmp_path / "out", **changes))
    assert ended.code == 2
    assert message in ended.err and ended.err.count("\n") == 1


def test_the_documents_words_are_the_trainers():
    made = cli.parse(Options, WORDS.split())
    values = made.trainer_values()
    expected = {
        "output_dir": "here",
        "num_train_epochs": 2.0,
        "per_device_train_batch_size": 4,
        "per_device_eval_batch_size": 8,
        "warmup_ratio": 0.2,
        "logging_steps": 5,
        "save_steps": 20,
        "eval_steps": 20,
        "save_total_limit": 1,
        "metric_for_best_model": "eval_f1",
        "load_best_model_at_end": True,
        "greater_is_better": True,
    }
    assert {name: values[name] for name in expected} == expected


def test_a_record_keeps_the_documents_words():
    words = cli.values_by_flag(cli.parse(Options, WORDS.split()))
    assert (words["checkpoints"], words["num_epochs"], words["eval_steps"]) == (Path("here"), 2.0, 20)
    assert not {"output_dir", "save_steps", "do_train", "label_names"} & words.keys()


def test_pruning_reads_one_folder_and_writes_another():
    made = cli.parse(prune_width.Options, ["--checkpoints", "trained"])
    assert (made.checkpoints, made.output_dir) == (Path("trained"), Path("trained/pruned"))
    made = cli.parse(prune_width.Options, ["--checkpoints", "trained", "--output_dir", "narrow"])
    assert (made.checkpoints, made.output_dir, made.num_train_epochs) == (Path("trained"), Path("narrow"), 3)


@pytest.mark.parametrize(("changes", "rate"), [({}, 3e-5), ({"from_scratch": True}, 3e-4), ({"learning_rate": 1}, 1)])
def test_learning_rate(changes, rate):
    assert Options(**changes).learning_rate == rate


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--batch_size 0", "--batch_size must be at least 1, got 0"),
        ("--eval_steps 0", "--eval_steps must be at least 1, got 0"),
        ("--num_epochs 0", "--num_epochs must be above 0, got 0"),
        ("--warmup_proportion 1", "--warmup_proportion must be in"),
        ("--max_seq_len 4", "--max_seq_len must be at least 5, got 4"),
        ("--save_steps 4", "unknown flag --save_steps"),
    ],
)
def test_messages_name_the_documents_flag(line, message):
    with pytest.raises(UserError, match=message):
        cli.parse(Options, line.split())
