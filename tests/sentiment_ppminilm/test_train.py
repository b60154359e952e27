# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""train.py and evaluate.py through their mains: what is learnt, kept, resumed and refused."""

import re

import common  # noqa: F401  before paddle
from common import files

import tiny_aspects


def test_training_learns_and_records_itself(trained):
    record = files.read_json(trained / "training.json")
    assert record["metrics"]["f1"] == record["metrics"]["macro_f1"] == 1.0
    assert record["labels"] == {"values": ["0", "1"], "names": ["negative", "positive"]}
    assert record["stage"] == "original" and record["max_seq_len"] == 32
    assert [data["rows"] for data in record["data"]] == [192, 48]
    assert (trained / "best.pdparams").resolve().name == "model_state.pdparams"


def test_without_a_progress_bar_there_are_log_lines(trained):
    assert re.search(r"step 48 of 48: .*eval_f1 1", (trained / "stdout.txt").read_text())


def test_tiny_data_is_what_the_docstring_says():
    assert len(tiny_aspects.rows()) == 192
