# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Where a model's layers come from: plain ones here; `parallel.layers` shares them over processes."""

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F


def new_weight(deviation: float) -> paddle.ParamAttr:
    return paddle.ParamAttr(initializer=nn.initializer.Normal(0.0, deviation))


class PlainLayers:
    """Whole layers in one process.

    Attributes:
        degree: processes that share a layer; each of them has 1 / degree of the heads and channels.
        first, last: whether the embeddings, and the last norm with the head, belong here.
    """

    degree = 1
    first = last = True

    def __init__(self, deviation: float):
        self.deviation = deviation

    def numbers(self, layers: int) -> range:
        """Which of the model's layers belong here."""
        return range(layers)

    def column(self, inputs: int, outputs: int) -> nn.Layer:
        """A Linear whose outputs may be shared, each process keeping its part."""
        return nn.Linear(inputs, outputs, weight_attr=new_weight(self.deviation))

    def row(self, inputs: int, outputs: int) -> nn.Layer:
        """A Linear that takes such parts and adds the processes' results up."""
        return nn.Linear(inputs, outputs, weight_attr=new_weight(self.deviation))

    def words(self, rows: int, features: int) -> nn.Layer:
        """The token table, whose rows may be shared."""
        return nn.Embedding(rows, features, weight_attr=new_weight(self.deviation))

    def logits(self, hidden, table):
        """Scores of all tokens: float [batch, length, features] x [rows, features] -> [batch, length, rows]."""
        return paddle.matmul(hidden, table, transpose_y=True)

    def token_loss(self, logits, labels):
        """Cross entropy of each token, float32 [batch, length], of labels int64 [batch, length]."""
        return F.cross_entropy(logits.astype("float32"), labels.unsqueeze(-1), reduction="none").squeeze(-1)

    def whole(self, logits):
        """Scores of all tokens where a process has some of them."""
        return logits

    def dropped_shares(self, shares, probability: float):
        """Dropout of attention probabilities, float [batch, heads, queries, keys]."""
        return F.dropout(shares, probability, training=True)

    def part(self, network: nn.Layer, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What belongs here of the arrays of a whole network (`<weight>`) or its optimiser (`<weight>/<moment>`)."""
        return arrays

    def share_ranges(self, network: nn.Layer, largest: bool) -> None:
        """Let fake quantisation of a shared layer see the whole layer.

        Args:
            largest: an activation's range is the largest of all, not a moving average.
        """


def unwrapped(layer: nn.Layer) -> nn.Layer:
    """The layer itself; its inner one where a wrapper (fake quantisation, output observer) stands around it."""
    while hasattr(layer, "_layer"):
        layer = layer._layer
    return layer
