# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Both engines behind one call."""

import common  # noqa: F401  before paddle

import numpy as np
from fleetx.serve import engines


def test_engines_take_any_batch_and_length(exported):
    ids = np.random.default_rng(0).integers(0, 300, (3, 17))
    for name in engines.ENGINES:
        logits = engines.ENGINES[name](exported["fp32"])
        assert logits(ids).shape == (3, 17, 300)
        np.testing.assert_allclose(logits(ids[:1, :5]), logits(ids)[:1, :5], atol=1e-4)
