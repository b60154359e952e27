# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_msra_ner.py: which options and folders are refused."""

import common  # noqa: F401  before paddle

import paddle
import pytest
from calls import call
from tiny_ner import train_words


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_name_or_path": "gpt2"}, "--model_name_or_path gpt2: its architecture is none of bert, ernie"),
        ({"model_name_or_path": "bert-base-chinese"}, "neither a folder here nor reachable as a model name"),
        ({"data_dir": "nowhere"}, "nowhere/label.txt: no such label file"),
        ({"max_seq_length": 41}, "--max_seq_length 41: the model's position table has 40 rows"),
        ({"max_seq_length": 7}, "--max_seq_length must be at least 8, got 7"),
        ({"batch_size": 0}, "--batch_size must be at least 1, got 0"),
        ({"dev_fraction": 1.0}, "--dev_fraction must be in (0, 1), got 1.0"),
        ({"task_name": "mrsa"}, "--task_name `mrsa` (did you mean `msra`?)"),
        ({"hidden_size": 64}, "--hidden_size 64: needs --from_scratch"),
        ({"from_scratch": True, "hidden_size": 65}, "--hidden_size 65 is no multiple of 64"),
        (
            {"from_scratch": True, "hidden_size": 64, "num_attention_heads": 6},
            "--num_attention_heads 6: cannot share 64 features",
        ),
        ({"fp16": True, "bf16": True}, "--fp16 and --bf16 exclude each other"),
        ({"resume_from_checkpoint": "nowhere"}, "--resume_from_checkpoint nowhere: not a whole checkpoint"),
        ({"learning_rate": 1e30}, "the loss is"),
    ],
)
def test_bad_options_are_one_line_with_exit_code_2(tiny, tmp_path, changes, message):
    ended = call("run_msra_ner", *train_words(tiny, tmp_path / "out", **changes))
    assert ended.code == 2
    assert message in ended.err and ended.err.count("\n") == 1


def test_a_folder_with_something_in_it_is_not_overwritten(tiny, trained):
    ended = call("run_msra_ner", *train_words(tiny, trained))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err


def test_a_gpu_that_is_not_there_is_refused(tiny, tmp_path):
    if paddle.is_compiled_with_cuda():
        pytest.skip("this Paddle has GPU support")
    for device in ("gpu", "xpu"):
        ended = call("run_msra_ner", *train_words(tiny, tmp_path / "out", device=device))
        assert ended.code == 3 and f"--device {device}" in ended.err
