# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Rounding to a range's grid. What processes share is in test_processes.py."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
from fleetx.parallel.ranges import Rounded


def test_values_are_on_the_grid_and_gradients_pass():
    values = paddle.to_tensor([-3.0, -0.26, 0.24, 0.9], stop_gradient=False)
    rounded = Rounded.apply(values, paddle.to_tensor([1.0]), 3)
    np.testing.assert_allclose(rounded.numpy(), [-1, -1 / 3, 1 / 3, 1], rtol=1e-6)
    rounded.sum().backward()
    np.testing.assert_array_equal(values.grad.numpy(), np.ones(4))
