# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The weights that a run has left, to be compared."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle


def state_of(folder):
    return paddle.load(str(folder / "model_state.pdparams"))


def same_weights(one, other) -> bool:
    first, second = state_of(one), state_of(other)
    return first.keys() == second.keys() and all(np.array_equal(first[k].numpy(), second[k].numpy()) for k in first)
