# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Images to logits."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
from fleetx.models.build import build
from fleetx.models.shape import Shape
from small_networks import answer, vit


def test_a_vit():
    network = build(vit(), Shape((4, 2), (64, 8), 4))
    images = np.random.default_rng(0).normal(size=(3, 3, 8, 8)).astype("float32")
    logits = answer(network, images)
    assert logits.shape == (3, 3) and np.isfinite(logits).all()
    assert np.abs(answer(network, images[:, :, ::-1].copy()) - logits).max() > 1e-4
    network.train()
    network(paddle.to_tensor(images)).sum().backward()
    assert all(weight.grad is not None for weight in network.parameters())
