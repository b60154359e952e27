# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Weights by name: whole, of the right shape, none left over."""

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import pytest
from fleetx.state import weights
from paddle import nn


def test_a_file_gives_back_what_was_saved(tmp_path):
    arrays = weights.arrays_of(nn.Linear(3, 2))
    weights.save(arrays, tmp_path / "w.safetensors")
    other = nn.Linear(3, 2)
    weights.fill(other, weights.read(tmp_path / "w.safetensors"), "w")
    np.testing.assert_array_equal(other.weight.numpy(), arrays["weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("bias"), "w: bias is missing"),
        (lambda arrays: arrays.update(more=np.zeros(1)), "w: more has no place"),
        (lambda arrays: arrays.update(bias=np.zeros(3)), r"w: bias has the shape \[3\], the manifest says \[2\]"),
    ],
)
def test_what_does_not_fit(change, message):
    network = nn.Linear(3, 2)
    arrays = weights.arrays_of(network)
    change(arrays)
    with pytest.raises(UserError, match=message):
        weights.fill(network, arrays, "w")
