# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The weights of a checkpoint, and whether two checkpoints have the same ones, for the tests of every app."""

from pathlib import Path

import common  # noqa: F401  before paddle

import numpy as np
import paddle


def state_of(folder: Path) -> dict[str, paddle.Tensor]:
    return paddle.load(str(folder / "model_state.pdparams"))


def same_weights(one: Path, other: Path) -> bool:
    """Whether both folders hold the same weights under the same names, bit for bit."""
    first, second = state_of(one), state_of(other)
    return first.keys() == second.keys() and all(np.array_equal(first[k].numpy(), second[k].numpy()) for k in first)
