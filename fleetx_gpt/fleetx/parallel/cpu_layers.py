# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fleet's shared layers on a CPU: the same weights and the same names, with sums that gloo can do.

Paddle 2.6 has no `c_identity` for CPUs, and gloo none of the `*_on_calc_stream` verbs that fleet's own forwards call.
"""

import paddle
from paddle import nn
from paddle.distributed.fleet.layers.mpu import mp_ops
from paddle.distributed.fleet.meta_parallel import ColumnParallelLinear, RowParallelLinear, VocabParallelEmbedding
from paddle.nn import functional as F
from paddle.nn.quant import quant_layers

from fleetx.parallel.reductions import Enter, Leave


class Column(ColumnParallelLinear):
    """Each process has some of the outputs, which stay apart."""

    def forward(self, values):
        return F.linear(Enter.apply(values, self.model_parallel_group), self.weight, self.bias)


class Row(RowParallelLinear):
    """Each process has some of the inputs; the results are added up, the bias once."""

    def forward(self, values):
        return Leave.apply(F.linear(values, self.weight), self.model_parallel_group) + self.bias


class Words(VocabParallelEmbedding):
    """Each process has some of the rows and gives zeros for the others."""

    def forward(self, numbers):
        own = mp_ops._c_lookup_table(
            self.weight, numbers, start_index=self.vocab_start_index, vocab_size=self.num_embeddings
        )
        return Leave.apply(own, self.model_parallel_group)


class QuantizedColumn(quant_layers.QuantizedColumnParallelLinear):
    """`Column`, fake-quantised."""

    def forward(self, values):
        values, weight = fake_quantized(self, Enter.apply(values, self.model_parallel_group))
        return F.linear(values, weight, self.bias)


class QuantizedRow(quant_layers.QuantizedRowParallelLinear):
    """`Row`, fake-quantised."""

    def forward(self, values):
        values, weight = fake_quantized(self, values)
        return Leave.apply(F.linear(values, weight), self.model_parallel_group) + self.bias


def fake_quantized(layer: nn.Layer, values) -> tuple[paddle.Tensor, paddle.Tensor]:
    """A quantised layer's input and weight on their grids, clipped before where PACT is asked for."""
    weight = layer.weight
    if layer._act_preprocess is not None:
        values = layer._act_preprocess(values)
    if layer._weight_preprocess is not None:
        weight = layer._weight_preprocess(weight)
    return layer._fake_quant_input(values), layer._fake_quant_weight(weight)


KINDS = {
    quant_layers.QuantizedColumnParallelLinear: QuantizedColumn,
    quant_layers.QuantizedRowParallelLinear: QuantizedRow,
}


def adopt(network: nn.Layer) -> None:
    """Give the quantised layers, which PaddleSlim makes by itself, the forward of this file; all else stays theirs."""
    for layer in network.sublayers():
        if type(layer) in KINDS:
            layer.__class__ = KINDS[type(layer)]
