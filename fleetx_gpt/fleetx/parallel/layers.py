# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Layers of which a process has a part: some of the numbers (pipeline), or some heads and channels of each (mp)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

from fleetx.models.layers import PlainLayers, new_weight
from fleetx.models.shape import padded_rows
from fleetx.parallel import reductions
from fleetx.settings.model import ModelSettings

AXIS = "split_axis"  # fleet's own mark on a shared weight


class StageLayers(PlainLayers):
    """Whole layers, but only those of one stage of a pipeline: equally many consecutive ones each."""

    def __init__(self, deviation: float, stage: int = 0, stages: int = 1):
        super().__init__(deviation)
        self.stage, self.stages = stage, stages
        self.first, self.last = stage == 0, stage == stages - 1

    def numbers(self, layers: int) -> range:
        share = layers // self.stages
        return range(self.stage * share, (self.stage + 1) * share)

    def part(self, network: nn.Layer, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        here = network.state_dict()
        return {name: array for name, array in arrays.items() if name.partition("/")[0] in here}


class SharedLayers(StageLayers):
    """Each process of the group has 1 / degree of every layer: fleet's Column- and RowParallelLinear, whole heads.

    Two that follow each other need one sum over the processes; biases of rows, norms and positions are whole in each.
    """

    def __init__(self, model: ModelSettings, group, stage: int = 0, stages: int = 1):
        super().__init__(model.initializer_range, stage, stages)
        self.group, self.degree = group, group.nranks
        self.vocabulary, self.rows = model.vocab_size, padded_rows(model, self.degree)
        self.kinds = _kinds()

    def column(self, inputs: int, outputs: int) -> nn.Layer:
        weight = new_weight(self.deviation)
        return self.kinds.column(
            inputs, outputs, weight_attr=weight, has_bias=True, gather_output=False, mp_group=self.group
        )

    def row(self, inputs: int, outputs: int) -> nn.Layer:
        weight = new_weight(self.deviation)
        return self.kinds.row(
            inputs, outputs, weight_attr=weight, has_bias=True, input_is_parallel=True, mp_group=self.group
        )

    def words(self, rows: int, features: int) -> nn.Layer:
        return self.kinds.words(rows, features, weight_attr=new_weight(self.deviation), mp_group=self.group)

    def logits(self, hidden, table):
        return paddle.matmul(reductions.Enter.apply(hidden, self.group), table, transpose_y=True)

    def token_loss(self, logits, labels):
        size = logits.shape[-1]
        start = self.group.rank * size
        logits = logits.astype("float32")
        if start + size > self.vocabulary:  # rows that pad the table are no tokens
            padding = paddle.arange(start, start + size) >= self.vocabulary
            logits = logits + padding.astype("float32") * reductions.FAR_BELOW
        return reductions.SharedCrossEntropy.apply(logits, labels, start, self.group)

    def whole(self, logits):
        return reductions.Gather.apply(logits, self.group)

    def dropped_shares(self, shares, probability: float):
        """As many draws as one process makes for all heads, of which it uses its own: the same for any degree."""
        batch, heads, queries, keys = shares.shape
        kept = F.dropout(paddle.ones([batch, heads * self.degree, queries, keys]), probability, training=True)
        first = self.group.rank * heads
        return shares * kept[:, first : first + heads].astype(shares.dtype)

    def part(self, network: nn.Layer, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        axes = axes_of(network)
        return {name: self._own(name, array, axes) for name, array in super().part(network, arrays).items()}

    def _own(self, name: str, array: np.ndarray, axes: dict[str, int]) -> np.ndarray:
        weight = name.partition("/")[0]
        if weight not in axes or name.endswith("_pow_acc"):
            return array
        if weight.endswith("word_embeddings.weight"):
            array = np.concatenate([array, np.zeros([self.rows - len(array), *array.shape[1:]], array.dtype)])
        return np.split(array, self.degree, axis=axes[weight])[self.group.rank]

    def share_ranges(self, network: nn.Layer, largest: bool) -> None:
        from fleetx.parallel import ranges

        ranges.share(network, self.group, largest)
        if self.kinds.quantized is not None:
            self.kinds.quantized(network)


@dataclass(frozen=True)
class Kinds:
    """The classes of shared layers on a device; `quantized` changes a network's fake-quantised ones to fit it."""

    column: type[nn.Layer]
    row: type[nn.Layer]
    words: type[nn.Layer]
    quantized: Callable[[nn.Layer], None] | None = None


def _kinds() -> Kinds:
    if paddle.get_device() == "cpu":
        from fleetx.parallel import cpu_layers

        return Kinds(cpu_layers.Column, cpu_layers.Row, cpu_layers.Words, cpu_layers.adopt)
    from paddle.distributed.fleet import meta_parallel as fleet

    return Kinds(fleet.ColumnParallelLinear, fleet.RowParallelLinear, fleet.VocabParallelEmbedding)


def axes_of(network: nn.Layer) -> dict[str, int]:
    """Name of each shared weight -> the axis along which processes have parts of it."""
    named = network.state_dict()
    return {name: getattr(weight, AXIS) for name, weight in named.items() if getattr(weight, "is_distributed", False)}
