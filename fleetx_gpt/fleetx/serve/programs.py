# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The files of a checkpoint's network: a static program, and ONNX; INT8 where it was trained so."""

import tempfile
from pathlib import Path
from typing import Any

from common import child
from common.cli import UserError
from common.models.int8 import integer_linear

import numpy as np
import paddle
from paddle import nn
from paddle.static import InputSpec

from fleetx.models import quantize
from fleetx.models.build import build
from fleetx.serve import engines, onnx_weights
from fleetx.settings.compress import QuantizationSettings
from fleetx.settings.model import ModelSettings
from fleetx.settings.settings import Settings
from fleetx.state import checkpoints, weights


class GateFailed(UserError):
    """An engine does not compute what the model in memory does."""


def check_onnx(settings: Settings, found: checkpoints.Checkpoint) -> None:
    """Raises `UserError` for a quantised checkpoint that the ONNX form cannot hold."""
    how = found.quantization
    if not how or not settings.Inference.onnx:
        return
    if not how.onnx_format:
        raise settings.wrong(
            "Inference.onnx", f"{found.folder} was quantised with onnx_format False; take Paddle alone"
        )
    if (how.weight_bits, how.activation_bits) != (8, 8):
        bits = f"{how.weight_bits} and {how.activation_bits} bits"
        raise settings.wrong("Inference.onnx", f"{found.folder} was quantised to {bits}; ONNX takes 8 and 8 only")


def deployed(found: checkpoints.Checkpoint) -> nn.Layer:
    """The network as it is exported: the same, but PACT's bounds are folded into the weights."""
    how = found.quantization
    if not how:
        return found.network()
    trained = found.network()
    quantize.check_ranges(trained)
    if not how.uses_pact:
        return trained
    network = build(found.model, found.shape)
    quantize.wrap(network, how, pact=False)
    weights.fill(network, without_pact(trained), found.folder)
    network.eval()
    return network


def without_pact(network: nn.Layer) -> dict[str, np.ndarray]:
    """The network's weights and buffers for the same one without PACT: clipped weights, no bounds.

    An activation's bound goes because its range, which was measured behind the bound, clips as well.
    """
    arrays = weights.arrays_of(network)
    for name, layer in quantize.quantized_layers(network).items():
        if layer._weight_preprocess is not None:
            bound = np.abs(arrays[f"{name}._weight_preprocess.alpha"])
            arrays[f"{name}.weight"] = np.clip(arrays[f"{name}.weight"], -bound, bound)
    return {name: array for name, array in arrays.items() if "_preprocess.alpha" not in name}


def save_program(network: nn.Layer, model: ModelSettings, how: QuantizationSettings | None, folder: Path) -> None:
    """Write model.pdmodel and model.pdiparams; `network` is of no other use afterwards."""
    if model.is_vision:
        specification = InputSpec([None, model.num_channels, model.image_size, model.image_size], "float32", "images")
    else:
        specification = InputSpec([None, None], "int64", "input_ids")
    prefix = str(folder / "model")
    if how:
        quantize.slim(how, pact=False).save_quantized_model(network, prefix, [specification])
    else:
        paddle.jit.save(paddle.jit.to_static(network, input_spec=[specification], full_graph=True), prefix)
    Path(f"{prefix}.pdiparams.info").unlink(missing_ok=True)  # names for training; no engine reads it


def integers_of(network: nn.Layer) -> dict[str, dict[str, Any]]:
    """Quantised layer's name → its INT8 weight and scales, as `common.models.int8.integer_linear` gives them."""
    return {name: integer_linear(layer) for name, layer in quantize.quantized_layers(network).items()}


def to_onnx(
    found: checkpoints.Checkpoint, network: nn.Layer, integers: dict[str, dict[str, Any]], folder: Path
) -> None:
    """Write model.onnx: the float model converted, and of a quantised one the trained integers put in.

    The conversion has a process of its own, because the converter aborts the one it is in at what it dislikes.

    Args:
        integers: as of `integers_of`; empty for a float model.

    Raises:
        GateFailed: not every quantised layer was found in the converted model.
    """
    float_network = build(found.model, found.shape)
    wanted = float_network.state_dict()
    arrays = {name: array for name, array in weights.arrays_of(network).items() if name in wanted}
    weights.fill(float_network, arrays, found.folder)
    float_network.eval()
    named = {dict(float_network.named_parameters())[f"{name}.weight"].name: each for name, each in integers.items()}
    target = (folder / engines.ONNX).resolve()
    with tempfile.TemporaryDirectory() as place:
        save_program(float_network, found.model, None, Path(place))
        program = {name: str(Path(place) / f"model.{name}") for name in ("pdmodel", "pdiparams")}
        child.run_child("common.export.onnx_baselines", {"action": "from_program", **program, "onnx": str(target)})
    onnx_weights.share_transposed(target)
    made = onnx_weights.quantize_products(target, named) if named else 0
    if made != len(integers):
        raise GateFailed(f"model.onnx: {made} of {len(integers)} quantised layers were found in the converted model")
