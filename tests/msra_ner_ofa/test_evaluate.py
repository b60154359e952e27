# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""evaluate.py: what is scored, and what is no checkpoint."""

import re

import common  # noqa: F401  before paddle

from calls import call
from tiny_ner import sentences


def test_evaluate_reads_every_character_of_long_sentences(tiny, trained):
    """The last test sentence is longer than a window; upstream would have scored its beginning only."""
    source = trained / "model_best"
    ended = call("evaluate", "--model_name_or_path", source, "--data_dir", tiny.data, "--device", "cpu")
    assert ended.code == 0, ended.err
    characters = sum(len(pairs) for pairs in sentences()[::9]) + sum(len(pairs) for pairs in sentences()[:6])
    assert f"16 sentences, {characters} characters: f1 " in ended.out and "f1_strict" in ended.out
    assert float(re.search(r"f1 ([\d.]+)", ended.out)[1]) > 0.8


def test_a_pretrained_folder_is_no_trained_checkpoint(tiny):
    ended = call("evaluate", "--model_name_or_path", tiny.pretrained(), "--data_dir", tiny.data)
    assert ended.code == 2 and ended.err.count("\n") == 1
