# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fake quantisation of a layer that processes share: every range is the whole layer's, so that the parts fit together.

Paddle's own layers for this take the range of each part, and reduce the one of the step before over all processes there
are, which stops a pipeline for ever. These take their place; what a checkpoint holds has the same names and values as
in one process.
"""

import paddle
import paddle.distributed as dist
from paddle import nn
from paddle.autograd import PyLayer
from paddle.nn.quant import quant_layers

from fleetx.parallel.reductions import summed

SMALLEST = 1e-12  # of a range that is divided by


class Rounded(PyLayer):
    """Values on the grid of 2^bits - 1 steps over [-scale, scale]; gradients pass as they are (Bengio et al. 2013)."""

    @staticmethod
    def forward(ctx, values, scale, bits):
        bound, scale = 2 ** (bits - 1) - 1, paddle.clip(scale, min=SMALLEST)
        clipped = paddle.maximum(paddle.minimum(values, scale), -scale)
        return paddle.round(clipped * bound / scale) * scale / bound

    @staticmethod
    def backward(ctx, gradient):
        return gradient.clone()


class WeightRange(nn.Layer):
    """In place of FakeQuantAbsMax and FakeQuantChannelWiseAbsMax. `group`: over which a range is the largest of all."""

    def __init__(self, replaced: nn.Layer, group):
        super().__init__()
        self._quant_bits, self._scale, self.group = replaced._quant_bits, replaced._scale, group

    def forward(self, weight):
        with paddle.no_grad():
            reach = weight.abs().max(axis=0) if self._scale.size == weight.shape[1] else weight.abs().max().reshape([1])
            reach = summed(reach, self.group, dist.ReduceOp.MAX) if self.group else reach
            self._scale.set_value(reach.astype(self._scale.dtype))
        return Rounded.apply(weight, self._scale.astype(weight.dtype), self._quant_bits)


class ActivationRange(nn.Layer):
    """In place of FakeQuantMovingAverageAbsMax, or with `largest` of common.models.int8.LargestRange."""

    def __init__(self, replaced: nn.Layer, group, largest: bool):
        super().__init__()
        self._quant_bits, self._moving_rate = replaced._quant_bits, replaced._moving_rate
        self._scale, self._state, self._accum = replaced._scale, replaced._state, replaced._accum
        self.group, self.largest = group, largest

    def forward(self, values):
        if self.training:
            self.watch(values)
        return Rounded.apply(values, self._scale.astype(values.dtype), self._quant_bits)

    @paddle.no_grad()
    def watch(self, values) -> None:
        reach = values.detach().abs().max().reshape([1]).astype("float32")
        reach = summed(reach, self.group, dist.ReduceOp.MAX) if self.group else reach
        if self.largest:
            self._scale.set_value(paddle.maximum(self._scale, reach))
            return
        self._state.set_value(self._state * self._moving_rate + 1)
        self._accum.set_value(self._accum * self._moving_rate + reach)
        self._scale.set_value(self._accum / self._state)


def share(network: nn.Layer, group, largest: bool) -> None:
    """Give every fake-quantised shared layer ranges of the whole layer, in place."""
    for layer in network.sublayers():
        row = isinstance(layer, quant_layers.QuantizedRowParallelLinear)
        if not row and not isinstance(layer, quant_layers.QuantizedColumnParallelLinear):
            continue
        channels = isinstance(layer._fake_quant_weight, quant_layers.FakeQuantChannelWiseAbsMax)
        # A column's channels belong to one process each; everything else is seen in parts by all of them.
        layer._fake_quant_weight = WeightRange(layer._fake_quant_weight, None if channels and not row else group)
        layer._fake_quant_input = ActivationRange(layer._fake_quant_input, group if row else None, largest)
        if channels and not row:
            layer._fake_quant_weight._scale.is_distributed = True
            layer._fake_quant_weight._scale.split_axis = 0


def agree(network: nn.Layer, groups: list, largest: bool) -> None:
    """Make activation ranges of processes that see other rows one: their mean, or the largest. Once per step."""
    watched = [layer._fake_quant_input for layer in network.sublayers() if hasattr(layer, "_fake_quant_input")]
    held = [tensor for layer in watched for tensor in (layer._scale, layer._state, layer._accum)]
    if not held:
        return
    with paddle.no_grad():
        values = paddle.concat([tensor.reshape([1]) for tensor in held])
        for group in groups:
            values = summed(values, group, dist.ReduceOp.MAX if largest else dist.ReduceOp.SUM)
            values = values if largest else values / group.nranks
        for tensor, value in zip(held, values.split(len(held)), strict=True):
            tensor.set_value(value)
