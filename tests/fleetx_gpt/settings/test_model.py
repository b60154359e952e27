# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Sizes that follow from others."""

from fleetx.settings.model import ModelSettings


def test_sizes_that_follow():
    model = ModelSettings(hidden_size=64, num_attention_heads=4)
    assert (model.family, model.is_vision, model.ffn_size, model.head_size) == ("GPT", False, 256, 16)
    vit = ModelSettings(module="GeneralClsModule", ffn_hidden_size=100)
    assert (vit.family, vit.is_vision, vit.ffn_size) == ("ViT", True, 100)
