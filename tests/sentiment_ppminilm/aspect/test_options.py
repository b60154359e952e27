# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Options of the training that cannot work, each refused in one line."""

import common  # noqa: F401  before paddle

import pytest
from calls import call
from tiny_aspects import train_words


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
