# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child that times and scores one bundle."""

import common  # noqa: F401  before paddle

import numpy as np
from bench import child
from glue.predictor import GluePredictor


def test_inputs_of_the_timing_are_full(exported):
    predictor = GluePredictor(exported / "static" / "bundle")
    ids, types = child.full_inputs(predictor, [("the plot", None)], 3, 20)
    assert ids.shape == types.shape == (3, 20) and (ids > 0).all() and set(np.unique(types)) == {0}
