# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Quantisation-aware training (Jacob et al. 2018) by PaddleSlim, with every key of `Compress.Quantization`."""

from common.cli import UserError
from common.models.int8 import LargestRange

import numpy as np
from paddle import nn
from paddle.nn.quant.quant_layers import FakeQuantMAOutputScaleLayer, MAOutputScaleLayer

from fleetx.settings.compress import QuantizationSettings

OBSERVERS = (MAOutputScaleLayer, FakeQuantMAOutputScaleLayer)
PROJECTIONS = ("qkv_proj", "q_proj", "k_proj", "v_proj", "out_proj")


def slim(how: QuantizationSettings, pact: bool = True, activation: type[nn.Layer] | None = None):
    """PaddleSlim's QAT as configured; without PACT for what is exported.

    Args:
        activation: what quantises inputs in place of a moving average.
    """
    from paddleslim.dygraph.quant import QAT

    return QAT(
        {
            "weight_quantize_type": how.weight_quantize_type,
            "activation_quantize_type": "moving_average_abs_max",  # the only one that Paddle 2.6 takes by name
            "weight_preprocess_type": how.weight_preprocess_type if pact else None,
            "activation_preprocess_type": how.activation_preprocess_type if pact else None,
            "weight_bits": how.weight_bits,
            "activation_bits": how.activation_bits,
            "moving_rate": how.moving_rate,
            "window_size": how.window_size,
            "quantizable_layer_type": list(how.quantizable_layer_type),
            "onnx_format": how.onnx_format,
        },
        act_quantize=activation,
    )


def _largest(bits: int) -> type[LargestRange]:
    class Largest(LargestRange):
        def __init__(self):
            super().__init__(quant_bits=bits)

    return Largest


def wrap(network: nn.Layer, how: QuantizationSettings, pact: bool = True) -> None:
    """Fake-quantise the network's layers, in place; its weights stay the same objects.

    Raises:
        UserError: no layer is left to be quantised.
    """
    here = dict(network.blocks.named_children())
    for block, names in how.skip_tensor_map.items():
        layer = here.get(block.removeprefix("block_"))
        for name in names if layer is not None else ():
            owner = layer.self_attn if name in PROJECTIONS else layer
            if hasattr(owner, name):
                getattr(owner, name).skip_quant = True
    largest = how.activation_quantize_type == "abs_max"
    tool = slim(how, pact, _largest(how.activation_bits) if largest and network.factory.degree == 1 else None)
    tool.quantize(network)
    tool._model = None  # with PACT it keeps a copy of the network, for an export that is ours to do
    _drop_observers(network)
    network.factory.share_ranges(network, largest)
    if how.freeze_embedding:
        for name, weight in network.named_parameters():
            if "embed" in name:  # GPT's tables; ViT's patches and positions
                weight.stop_gradient = True
    if not quantized_layers(network):
        raise UserError("Compress.Quantization: no layer of a kind in quantizable_layer_type is left to be quantised")


def _drop_observers(network: nn.Layer) -> None:
    """Take the watchers of outputs out again: exported, each would be one more quantisation, which nobody trained."""
    for parent in network.sublayers(include_self=True):
        for name, child in list(parent.named_children()):
            if isinstance(child, OBSERVERS):
                setattr(parent, name, child._layer)


def quantized_layers(network: nn.Layer) -> dict[str, nn.Layer]:
    """The fake-quantised layers by name."""
    return {name: layer for name, layer in network.named_sublayers() if hasattr(layer, "_fake_quant_input")}


def check_ranges(network: nn.Layer) -> None:
    """Raises `UserError` that names the first layer whose activation range is zero or not a number."""
    for name, layer in quantized_layers(network).items():
        scale = float(layer._fake_quant_input._scale)
        if not np.isfinite(scale) or scale <= 0:
            raise UserError(f"{name}: the activation range is {scale}; train at least one step with quantisation")
