# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Layers of one process."""

import common  # noqa: F401  before paddle

from fleetx.models.layers import PlainLayers, unwrapped
from paddle import nn


def test_one_process_has_everything():
    layers = PlainLayers(0.02)
    assert list(layers.numbers(3)) == [0, 1, 2]
    assert layers.column(4, 6).weight.shape == layers.row(4, 6).weight.shape == [4, 6]


def test_the_layer_inside_wrappers():
    inner, outer, outermost = nn.Linear(2, 2), nn.Layer(), nn.Layer()
    outer._layer, outermost._layer = inner, outer
    assert unwrapped(outermost) is inner and unwrapped(inner) is inner
