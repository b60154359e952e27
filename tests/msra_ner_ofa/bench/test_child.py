# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child that times and scores one bundle."""

from itertools import count

import common  # noqa: F401  before paddle
from common.cli import UserError

import pytest
from bench import child
from ner.predictor import NerPredictor


def test_exactly_so_many_characters_are_read():
    """The document's run is of 10,451 characters: not of whole sentences, and from the beginning again if need be."""
    texts = child.texts_of(["一二三", "四五"], 12)
    assert texts == ["一二三", "四五", "一二三", "四五", "一二"]
    assert sum(map(len, child.texts_of(["字" * 1000], 10451))) == 10451


def test_an_engine_that_changes_its_answers_is_not_published(tiny, exported, monkeypatch):
    run, calls = NerPredictor.run, count()
    monkeypatch.setattr(NerPredictor, "run", lambda self, ids: run(self, ids) + next(calls) * 1e-6)
    bundle = str(exported / "static_model" / "bundle")
    with pytest.raises(UserError, match="onnxruntime changes its answers from run to run"):
        child.serve(bundle, "onnxruntime", str(tiny.data / "test.txt"), 1, 1, 2, 16, 50)
