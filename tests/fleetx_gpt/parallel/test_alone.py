# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One process: everything is its own."""

import common  # noqa: F401  before paddle

import numpy as np
from fleetx.models.build import build
from fleetx.parallel.alone import Alone, whole_network
from fleetx.state import weights
from small_networks import answer, ids, small


def test_a_network_of_whole_arrays_answers_alike(tmp_path):
    model = small()
    network = build(model)
    arrays, state = Alone().together(network, weights.arrays_of(network), {}, tmp_path)
    network.eval()
    again = whole_network(model, network.shape, arrays, training=False)
    np.testing.assert_array_equal(answer(again, ids()), answer(network, ids()))
    assert state == {} and Alone().chief and not again.training
