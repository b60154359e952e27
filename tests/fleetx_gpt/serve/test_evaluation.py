# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Scores of single tokens."""

import math

import common  # noqa: F401  before paddle

import numpy as np
import pytest
from fleetx.serve import evaluation


def test_token_scores():
    losses, hits = evaluation.token_scores(np.log([[[0.7, 0.2, 0.1]]]), np.array([[1]]))
    assert losses == pytest.approx(np.array([[-math.log(0.2)]])) and not hits.any()
    losses, _ = evaluation.token_scores(np.array([[[1e4, 0.0]]], "float32"), np.array([[1]]))
    assert losses[0, 0] == 1e4
