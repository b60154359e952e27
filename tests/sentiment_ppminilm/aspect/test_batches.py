# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The labelled file that an engine is timed or scored on."""

from pathlib import Path

import tiny_bundle
from speed_calls import refused, run


def test_labels_of_another_data_set(fp32, tmp_path):
    path = tiny_bundle.write_labels(tmp_path / "label.dict", ["1", "0"])
    refused(run(*fp32, "--label_path", path), 2, f"{path}: labels 1, 0, but the model was trained with 0, 1")


def test_bad_lines_stop_or_are_counted(fp32, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_text(Path("data/cls_data/test.txt").read_text("utf-8") + "1\t服务\n2\t服务\t很好\n", encoding="utf-8")
    words = ["--test_path", path, "--engine", "onnxruntime", "--eval"]
    refused(run(*fp32, *words), 2, f"{path}:31: expected 3 tab-separated fields, got 2")
    ended = run(*fp32, *words, "--skip_bad_lines")
    assert ended.code == 0 and "left out 2 of 32 lines" in ended.err and "unknown label `2`" in ended.err


def test_long_texts_are_cut_and_it_is_said_once(fp32):
    ended = run(*fp32, "--engine", "onnxruntime", "--max_seq_len", 10)
    assert ended.code == 0 and ended.err.count("texts are cut at 10 tokens") == 1
    assert "the longest has 10" in ended.out
