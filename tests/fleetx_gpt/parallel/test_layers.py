# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The layers of one stage of a pipeline. Shared layers are in test_processes.py."""

import common  # noqa: F401  before paddle

import numpy as np
from fleetx.models.build import build
from fleetx.parallel.layers import StageLayers
from fleetx.state import weights
from small_networks import small


def test_stages_have_consecutive_layers_and_their_own_weights():
    model = small(num_layers=4)
    arrays = weights.arrays_of(build(model))
    stages = [StageLayers(model.initializer_range, stage, 2) for stage in range(2)]
    assert [list(each.numbers(4)) for each in stages] == [[0, 1], [2, 3]]
    parts = [build(model, None, each) for each in stages]
    held = [set(each.part(network, arrays)) for each, network in zip(stages, parts, strict=True)]
    assert held[0] | held[1] == set(arrays)
    assert held[0] & held[1] == {"gpt.embeddings.word_embeddings.weight"}  # tied: at both ends
    assert np.array_equal(sorted(held[0]), sorted(weights.arrays_of(parts[0])))
