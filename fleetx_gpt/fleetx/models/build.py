# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The model that settings describe, in a given shape."""

from fleetx.models.gpt import GPT
from fleetx.models.layers import PlainLayers
from fleetx.models.shape import Shape
from fleetx.models.vit import ViT
from fleetx.settings.model import ModelSettings


def build(model: ModelSettings, shape: Shape | None = None, layers: PlainLayers | None = None) -> GPT | ViT:
    """With new weights.

    Args:
        shape: heads and channels per layer; those of the settings if not given.
        layers: makes the Linear layers; plain ones if not given.
    """
    return (ViT if model.is_vision else GPT)(model, shape, layers)


def parameter_count(network: GPT | ViT) -> int:
    """Weights and biases; ranges and bounds of fake quantisation do not count."""
    named = network.named_parameters()
    return sum(weight.size for name, weight in named if "_fake_quant" not in name and "_preprocess" not in name)
