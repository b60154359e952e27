# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_glue.py: which options are refused, and that --help is quick."""

import subprocess
import sys

import common  # noqa: F401  before paddle

import pytest
import tiny_glue
from calls import call
from tiny_glue import APP, words


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task_name": "ss-2"}, "--task_name: `ss-2`"),
        ({"model_type": "brt"}, "--model_type: `brt` (did you mean `bert`?)"),
        ({"model_type": "ernie"}, "is a bert; write --model_type bert"),
        (
            {"model_name_or_path": "gpt2"},
            "--model_name_or_path gpt2: its architecture is none of bert",
        ),
        ({"model_name_or_path": "bert-base-uncased"}, "neither a folder here nor reachable as a model name"),
        ({"model_name_or_path": "bert-base-cased"}, "a model of cased text, which is not read here"),
        ({"data_dir": "nowhere"}, "nowhere/train.tsv: no such file of SST-2 (--data_dir)"),
        ({"max_seq_length": 65}, "--max_seq_length 65: the model's position table has 64 rows"),
        ({"max_seq_length": 4}, "--max_seq_length must be at least 5, got 4"),
        ({"batch_size": 0}, "--batch_size must be at least 1, got 0"),
        ({"n_gpu": -1}, "--n_gpu must not be below 0, got -1"),
        ({"selection_fraction": 0.6}, "--selection_fraction must be 0 to 0.5, got 0.6"),
        ({"hidden_size": 64}, "--hidden_size 64: needs --from_scratch"),
        ({"from_scratch": True, "hidden_size": 65}, "--hidden_size 65 is no multiple of 64"),
        (
            {"from_scratch": True, "hidden_size": 64, "num_attention_heads": 6},
            "--num_attention_heads 6: cannot share 64 features",
        ),
        ({"resume_from_checkpoint": "nowhere"}, "--resume_from_checkpoint nowhere: not a whole checkpoint"),
        ({"learning_rate": 1e30}, "the loss is"),
    ],
)
def test_bad_options_are_one_line_with_exit_code_2(tiny, tmp_path, changes, message):
    ended = call("run_glue", *words(tiny, tmp_path / "out", **changes))
    assert ended.code == 2
    assert message in ended.err and ended.err.count("\n") == 1


def test_a_folder_with_something_in_it_is_not_overwritten(tiny, tuned):
    ended = call("run_glue", *words(tiny, tuned))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err


def test_help_is_quick_and_imports_no_engine():
    script = "import sys; sys.path.insert(0, sys.argv[1]); import run_glue, run_glue_ofa; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, str(APP)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {"paddle", "paddlenlp", "onnxruntime", "sklearn"} & set(done.stdout.split())


def test_the_tiny_models_have_a_vocabulary_of_their_own(tiny):
    assert (tiny.pretrained() / "vocab.txt").read_text().startswith("[PAD]\n") and tiny_glue.CONFIG["hidden_size"] == 48
