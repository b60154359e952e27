# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""INT8: fake-quantised Linear layers (trained or calibrated), INT8 embeddings, and the numbers that exporters need."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from common.cli import UserError

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F
from paddle.nn.quant.quant_layers import FakeQuantMovingAverageAbsMax, MAOutputScaleLayer

LEVELS = 127.0
SMALLEST_SCALE = 1e-8


class Int8Embedding(nn.Layer):
    """A table of INT8 rows, each with a float scale; row 0 is folded to zero where it was the padding row.

    Written with a look-up, a cast and a multiplication, because every engine has those: PaddleSlim's own forms of
    embedding quantisation are understood by Paddle Inference (and one by Paddle Lite arm) only.
    """

    def __init__(self, rows: int, width: int):
        super().__init__()
        self.register_buffer("rows", paddle.zeros([rows, width], "int8"))
        self.register_buffer("row_scale", paddle.zeros([rows, 1], "float32"))

    @classmethod
    def of(cls, table: nn.Embedding) -> "Int8Embedding":
        values = table.weight.numpy().copy()
        if table._padding_idx is not None and table._padding_idx >= 0:
            values[table._padding_idx] = 0
        scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), SMALLEST_SCALE) / LEVELS
        quantised = cls(*values.shape)
        quantised.rows.set_value(np.clip(np.round(values / scale), -LEVELS, LEVELS).astype("int8"))
        quantised.row_scale.set_value(scale.astype("float32"))
        return quantised

    def forward(self, ids):
        return F.embedding(ids, self.rows).astype("float32") * F.embedding(ids, self.row_scale)


def quantize_embeddings(model: nn.Layer) -> None:
    """Replace every `nn.Embedding` by its INT8 form, in place, and record it in the config. No training after this."""
    for parent in list(model.sublayers(include_self=True)):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Embedding):
                setattr(parent, name, Int8Embedding.of(child))
    model.config.embedding_bits = 8


def prepare_linears(model: nn.Layer, weight_type: str, activation_type: str, moving_rate: float = 0.9) -> None:
    """Wrap every Linear with PaddleSlim's fake quantisation, in place, and record it in the config.

    Args:
        weight_type: `channel_wise_abs_max` or `abs_max`.
        activation_type: `moving_average_abs_max`, or `abs_max` for the largest value seen.
        moving_rate: share of the old range that an activation's moving average keeps per batch.
    """
    settings = {"weight": weight_type, "activation": activation_type, "moving_rate": moving_rate}
    slim_qat(settings).quantize(model)
    _drop_output_observers(model)
    model.config.linear_quantization = settings


def _drop_output_observers(model: nn.Layer) -> None:
    """Take PaddleSlim's watchers of the Linears' outputs out again.

    Exported, each becomes a quantisation of that output: of the attention's operands, which collapses INT8 engines, and
    of the logits themselves. The dynamic graph has none of them, so that no engine could agree with it.
    """
    for parent in model.sublayers(include_self=True):
        for name, child in list(parent.named_children()):
            if isinstance(child, MAOutputScaleLayer):
                setattr(parent, name, child._layer)


def slim_qat(settings: dict):
    from paddleslim.dygraph.quant import QAT

    return QAT(
        {
            "weight_quantize_type": settings["weight"],
            "activation_quantize_type": "moving_average_abs_max",  # the only one that Paddle 2.6 takes by name
            "moving_rate": settings["moving_rate"],
            "quantizable_layer_type": ["Linear"],
            "onnx_format": True,
        },
        act_quantize=LargestRange if settings["activation"] == "abs_max" else None,
    )


class LargestRange(FakeQuantMovingAverageAbsMax):
    """Activation range `abs_max`: the largest value that any training or calibration batch has shown."""

    def forward(self, input):
        if not self.training:
            return super().forward(input)
        with paddle.no_grad():
            self._scale.set_value(paddle.maximum(self._scale, input.abs().max().reshape([1])))
        self.training = False  # the range is set already; only quantise with it
        try:
            return super().forward(input)
        finally:
            self.training = True


def apply_config(model: nn.Layer, config) -> None:
    """Give a freshly built model the quantised layers that its config records, if any; weights are loaded later."""
    if getattr(config, "linear_quantization", None):
        settings = config.linear_quantization
        prepare_linears(model, settings["weight"], settings["activation"], settings["moving_rate"])
    if getattr(config, "embedding_bits", 32) == 8:
        quantize_embeddings(model)


def is_int8(model: nn.Layer) -> bool:
    return bool(getattr(model.config, "linear_quantization", None))


def onednn_operators(model: nn.Layer) -> list[str]:
    """What Paddle Inference on a CPU may compute in INT8: `fc`, or nothing where weights have a scale per channel.

    oneDNN's pass restores such weights wrongly: on JointErnie 3 of 100 decisions changed, with one scale per tensor
    none did.
    """
    return ["fc"] if model.config.linear_quantization["weight"] == "abs_max" else []


def calibrate(model: nn.Layer, batches: Iterable[dict], settings: dict) -> int:
    """Post-training quantisation: wrap the Linears and let batches set the activations' ranges; weights stay.

    Args:
        batches: keyword arguments of `model.forward`, from training data.
        settings: arguments of `prepare_linears`.

    Returns:
        How many batches were used.

    Raises:
        UserError: no batch at all.
    """
    prepare_linears(model, **settings)
    model.eval()
    for layer in quantised_linears(model).values():
        layer._fake_quant_input.train()  # only the range observers move, dropout stays off
    used = 0
    with paddle.no_grad():
        for batch in batches:
            model(**batch)
            used += 1
    model.eval()
    if not used:
        raise UserError("calibration needs at least one whole batch; give more rows or a smaller batch size")
    check_scales(model)
    return used


def take_ranges(model: nn.Layer, ranges: Sequence[Mapping[str, Any]], weight_type: str) -> None:
    """Wrap the Linears, in place, with activation ranges that were found elsewhere.

    Args:
        ranges: as of `static_quant.linear_ranges`, of a program that was exported from this model: its products with
            stored weights stand in the order of the model's Linears.
        weight_type: `channel_wise_abs_max` or `abs_max`.

    Raises:
        UserError: they are of another model's Linears.
    """
    prepare_linears(model, weight_type, "abs_max")
    linears = quantised_linears(model)
    own = [(list(layer.weight.shape), float(layer.weight.abs().max())) for layer in linears.values()]
    given = [(list(each["shape"]), each["weight_max"]) for each in ranges]
    if [shape for shape, _ in own] != [shape for shape, _ in given] or not np.allclose(
        [largest for _, largest in own], [largest for _, largest in given], rtol=1e-5
    ):
        raise UserError("the static model does not hold this checkpoint's weights; export the checkpoint again")
    for layer, each in zip(linears.values(), ranges, strict=True):
        layer._fake_quant_input._scale.set_value(np.array([each["input_max"]], "float32"))
        with paddle.no_grad():
            layer._fake_quant_weight(layer.weight)  # it keeps its scale, which export reads, only once it has run
    model.eval()
    check_scales(model)


def quantised_linears(model: nn.Layer) -> dict[str, nn.Layer]:
    """Fake-quantised Linear layers by their name in the model."""
    return {name: layer for name, layer in model.named_sublayers() if hasattr(layer, "_fake_quant_input")}


def check_scales(model: nn.Layer) -> None:
    """Raises `UserError` that names the first layer whose activation range is zero or not a number."""
    for name, layer in quantised_linears(model).items():
        scale = float(layer._fake_quant_input._scale)
        if not np.isfinite(scale) or scale <= 0:
            raise UserError(f"layer {name}: the activation range is {scale}; train or calibrate on real batches")


def integer_linear(layer: nn.Layer) -> dict[str, np.ndarray | float]:
    """A fake-quantised Linear as integers.

    Returns:
        `weight` int8 [in, out], `bias` float32 [out], `weight_scale` float32 [out] (real = weight * weight_scale) and
        `input_scale` (real = q * input_scale).
    """
    weight = layer.weight.numpy()
    per_channel = layer._fake_quant_weight.__class__.__name__ == "FakeQuantChannelWiseAbsMax"
    reach = np.abs(weight).max(axis=0) if per_channel else np.full(weight.shape[1], np.abs(weight).max())
    scale = (np.maximum(reach, SMALLEST_SCALE) / LEVELS).astype("float32")
    return {
        "weight": np.clip(np.round(weight / scale), -LEVELS, LEVELS).astype("int8"),
        "bias": layer.bias.numpy(),
        "weight_scale": scale,
        "input_scale": float(layer._fake_quant_input._scale) / LEVELS,
    }
