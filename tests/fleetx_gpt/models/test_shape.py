# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Layers of their own size."""

import common  # noqa: F401  before paddle

from fleetx.models.build import build
from fleetx.models.shape import Shape
from small_networks import answer, ids, small


def test_layers_of_their_own_size():
    shape = Shape((3, 1), (64, 10), 4)
    network = build(small(), shape)
    state = network.state_dict()
    assert state["gpt.decoder.layers.1.self_attn.qkv_proj.weight"].shape == [16, 12]
    assert state["gpt.decoder.layers.1.linear2.weight"].shape == [10, 16]
    assert answer(network, ids()).shape == (2, 9, 50)
