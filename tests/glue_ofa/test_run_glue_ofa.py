# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_glue_ofa.py: which options, models and folders are refused."""

import common  # noqa: F401  before paddle

import pytest
from calls import call
from tiny_glue import ofa_words


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width_mult_list": (0.5,)}, "--width_mult_list: 1.0, the whole width, must be among them"),
        ({"width_mult_list": (1.0, 1.5)}, "--width_mult_list: 1.5 is not in (0, 1]"),
        ({"width_mult_list": (1.0, 0.5, 0.5)}, "names a width twice"),
        ({"importance_batches": 0}, "--importance_batches must be at least 1"),
        ({"task_name": "mnli"}, "was fine-tuned for SST-2"),
        ({"model_type": "ernie"}, "is a bert; write --model_type bert"),
        ({"model_name_or_path": "bert-base-uncased"}, "no such fine-tuned model (run_glue.py writes one)"),
    ],
)
def test_bad_options(tiny, tuned, tmp_path, changes, message):
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, tmp_path / "out", **changes))
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1


def test_what_is_no_start_for_it(tiny, tuned, widths, tmp_path):
    for source, message in (
        (tiny.pretrained(), "not fine-tuned yet; give a folder that run_glue.py wrote"),
        (widths / "width_0.5", "a model of the stage `width_0.5`"),
    ):
        ended = call("run_glue_ofa", *ofa_words(tiny, source, tmp_path / "out"))
        assert ended.code == 2 and message in ended.err
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, tuned))
    assert ended.code == 2 and "that is the fine-tuned model itself" in ended.err
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, widths))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err


def test_the_document_training_command(tiny, tuned, tmp_path, monkeypatch):
    """Word for word but for folders, the number of GPUs, and flags that make it short."""
    monkeypatch.chdir(tmp_path)
    document = (
        f"--model_type bert --model_name_or_path {tuned} --task_name SST-2 --max_seq_length 24     --batch_size 32    "
        "--learning_rate 2e-5     --num_train_epochs 6     --logging_steps 10     --save_steps 100     "
        "--output_dir ./tmp/SST-2 --n_gpu 0 --width_mult_list 1.0 0.8333333333333334 0.6666666666666666 0.5"
    )
    short = ["--data_dir", tiny.data, "--selection_fraction", "0.25", "--max_steps", "1", "--disable_tqdm"]
    ended = call("run_glue_ofa", *document.split(), *short)
    assert ended.code == 0, ended.err
    names = ["width_0.5", "width_0.6667", "width_0.8333", "width_1"]
    assert sorted(path.name for path in (tmp_path / "tmp" / "SST-2").glob("width_*")) == names
    assert ofa_words(tiny, tuned, tmp_path)
