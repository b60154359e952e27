# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What each child process of the measurement does."""

from itertools import count

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import pytest
from aspect.predictor import AspectPredictor
from bench import child


def test_inputs_of_the_timing_are_full(tiny, exported):
    predictor = AspectPredictor(exported / "bundle")
    ids, types = child.full_inputs(predictor, [("味道很好", "味道很好！")], 3, 20)
    assert ids.shape == types.shape == (3, 20)
    assert (ids > 0).all() and set(np.unique(types)) == {0, 1}


def test_an_engine_that_changes_its_answers_is_not_published(tiny, exported, monkeypatch):
    """Its logits differ by a bit from call to call."""
    logits, calls = AspectPredictor.logits, count()
    monkeypatch.setattr(AspectPredictor, "logits", lambda self, *inputs: logits(self, *inputs) + next(calls) * 1e-6)
    with pytest.raises(UserError, match="onnxruntime changes its answers from run to run"):
        child.serve(str(exported / "bundle"), "onnxruntime", str(tiny.dev), 1, 1, 2, 16)
