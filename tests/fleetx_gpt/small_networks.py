# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Sizes of networks that compute in milliseconds, and their answers."""

import numpy as np
import paddle
from fleetx.settings.model import ModelSettings


def small(**changes) -> ModelSettings:
    sizes = {
        "vocab_size": 50, "hidden_size": 16, "num_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 16,
        "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.3,
    }  # fmt: skip
    return ModelSettings(**sizes | changes)


def vit(**changes) -> ModelSettings:
    return small(module="GeneralClsModule", image_size=8, patch_size=4, num_classes=3, **changes)


def ids(batch=2, length=9, vocab=50, seed=0):
    return np.random.default_rng(seed).integers(0, vocab, (batch, length))


def answer(network, tokens):
    with paddle.no_grad():
        return network(paddle.to_tensor(tokens)).numpy()
