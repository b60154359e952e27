# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Once-for-all width pruning of transformer encoders: importance, reordering, a super-network, distillation.

The method is DynaBERT's (Hou et al. 2020): score heads and neurons of the fine-tuned model, put the important ones
first, then train several widths of one set of weights with the fine-tuned model as teacher. Slicing a width out gives
a plain small model (`common.models.width`). PaddleSlim's `nas.ofa` is not used: on these versions it drops the
attention's scale, accumulates importance wrongly and replaces Paddle's transformer process-wide.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from common.cli import UserError
from common.models.width import PROJECTIONS, ffn_of, heads_of, units

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F


@dataclass
class Importance:
    """Scores per layer: `heads[layer]` float64 [heads], `neurons[layer]` float64 [ffn]; larger is more important."""

    heads: list[np.ndarray]
    neurons: list[np.ndarray]


def unit_scores(context: np.ndarray, gradient: np.ndarray, units: int) -> np.ndarray:
    """Score heads or neurons by how much the loss would change without each, to first order.

    |sum(context * dLoss/dcontext)| over batch, positions and the unit's own features (Michel et al. 2019, eq. 4).

    Args:
        context: float32 [batch, length, units * size], input of the projection that reads the units.
        gradient: the loss's gradient at `context`, same shape.

    Returns:
        float64 [units]. Add the scores of several batches; never their gradients.
    """
    if context.shape[-1] % units:
        raise ValueError(f"{context.shape[-1]} features do not split into {units} units")
    products = context.astype("float64") * gradient
    return np.abs(products.reshape(*context.shape[:-1], units, -1).sum(axis=(0, 1, 3)))


def importance(model: nn.Layer, encoder: nn.TransformerEncoder, batches: Iterable, loss_of: Callable) -> Importance:
    """Score every head and neuron on batches of training data; never on a split that is reported.

    Args:
        model: in evaluation mode, so that dropout is off; no weight of it has a gradient afterwards.
        encoder: part of `model`.
        loss_of: batch -> scalar loss of `model`.

    Raises:
        UserError: no batch at all.
    """
    layers = list(encoder.layers)
    scores = Importance([np.zeros(n) for n in heads_of(encoder)], [np.zeros(n) for n in ffn_of(encoder)])
    inputs: dict[tuple[str, int], paddle.Tensor] = {}

    def keep(key):
        def hook(_, arguments):
            arguments[0].retain_grads()
            inputs[key] = arguments[0]

        return hook

    hooks = [layer.self_attn.out_proj.register_forward_pre_hook(keep(("heads", n))) for n, layer in enumerate(layers)]
    hooks += [layer.linear2.register_forward_pre_hook(keep(("neurons", n))) for n, layer in enumerate(layers)]
    used = 0
    try:
        for batch in batches:
            loss_of(batch).backward()  # Paddle 2.6's paddle.grad gives other, wrong gradients at these inputs
            for (kind, number), tensor in inputs.items():
                layer_scores = getattr(scores, kind)[number]
                layer_scores += unit_scores(tensor.numpy(), tensor.grad.numpy(), len(layer_scores))
            model.clear_gradients()  # of all weights, or the first training step would take them along
            used += 1
    finally:
        for hook in hooks:
            hook.remove()
    if not used:
        raise UserError("importance needs at least one batch of training data")
    return scores


def reorder(encoder: nn.TransformerEncoder, scores: Importance) -> None:
    """Put important heads and neurons first, in place. What the encoder computes does not change."""
    for layer, head_scores, neuron_scores in zip(encoder.layers, scores.heads, scores.neurons, strict=True):
        attention = layer.self_attn
        heads = np.argsort(-head_scores, kind="stable")
        features = (heads[:, None] * attention.head_dim + np.arange(attention.head_dim)).reshape(-1)
        for name in PROJECTIONS:
            _permute(getattr(attention, name), columns=features)
        _permute(attention.out_proj, rows=features)
        neurons = np.argsort(-neuron_scores, kind="stable")
        _permute(layer.linear1, columns=neurons)
        _permute(layer.linear2, rows=neurons)


def _permute(linear: nn.Linear, rows: np.ndarray | None = None, columns: np.ndarray | None = None) -> None:
    if rows is not None:
        linear.weight.set_value(linear.weight.numpy()[rows])
    if columns is not None:
        linear.weight.set_value(linear.weight.numpy()[:, columns])
        linear.bias.set_value(linear.bias.numpy()[columns])


class ElasticLinear(nn.Layer):
    """A Linear of which the first inputs and outputs take part; state-dict keys as the plain layer's."""

    def __init__(self, linear: nn.Linear):
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.inputs, self.outputs = linear.weight.shape

    def forward(self, x):
        full = list(self.weight.shape) == [self.inputs, self.outputs]
        weight = self.weight if full else self.weight[: self.inputs, : self.outputs]
        return F.linear(x, weight, self.bias if full else self.bias[: self.outputs])


def make_elastic(encoder: nn.TransformerEncoder) -> None:
    """Turn the encoder into a super-network, in place; `set_width` then chooses what takes part."""
    for layer in encoder.layers:
        attention = layer.self_attn
        for owner, names in ((attention, (*PROJECTIONS, "out_proj")), (layer, ("linear1", "linear2"))):
            for name in names:
                setattr(owner, name, ElasticLinear(getattr(owner, name)))


def set_width(encoder: nn.TransformerEncoder, width: float) -> None:
    """Let the first `width` of each layer's heads and neurons take part."""
    for layer in encoder.layers:
        attention = layer.self_attn
        attention.num_heads = units(attention.out_proj.weight.shape[0] // attention.head_dim, width)
        features = attention.num_heads * attention.head_dim
        for name in PROJECTIONS:
            getattr(attention, name).outputs = features
        attention.out_proj.inputs = features
        neurons = units(layer.linear1.weight.shape[1], width)
        layer.linear1.outputs = layer.linear2.inputs = neurons


def sizes_at(encoder: nn.TransformerEncoder, width: float) -> tuple[list[int], list[int]]:
    """Heads and neurons per layer that a width keeps of a full (or super-network) encoder."""
    heads = [
        units(layer.self_attn.out_proj.weight.shape[0] // layer.self_attn.head_dim, width) for layer in encoder.layers
    ]
    return heads, [units(layer.linear1.weight.shape[1], width) for layer in encoder.layers]


class HiddenStates:
    """Collects the output of every encoder layer during a forward pass: `with HiddenStates(encoder) as states:`."""

    def __init__(self, encoder: nn.TransformerEncoder):
        self.encoder, self.states, self.hooks = encoder, [], []

    def __enter__(self) -> list[paddle.Tensor]:
        self.states.clear()
        self.hooks = [
            layer.register_forward_post_hook(lambda _, __, output: self.states.append(output))
            for layer in self.encoder.layers
        ]
        return self.states

    def __exit__(self, *_):
        for hook in self.hooks:
            hook.remove()


def soft_cross_entropy(student, teacher, mask=None):
    """Cross entropy of the student's logits against the teacher's probabilities, averaged over rows that `mask` keeps.

    Args:
        student, teacher: float32 [..., classes].
        mask: float32 [...], 1 where a row counts.
    """
    per_row = -(F.softmax(teacher) * F.log_softmax(student)).sum(axis=-1)
    if mask is None:
        return per_row.mean()
    return (per_row * mask).sum() / mask.sum().clip(min=1.0)


def hidden_distance(student: Sequence, teacher: Sequence, mask):
    """Mean squared distance of the layers' outputs at real tokens.

    Args:
        student, teacher: float32 [batch, length, hidden] per layer.
        mask: float32 [batch, length], 0 at padding.
    """
    weight = mask.unsqueeze(-1)
    count = (mask.sum() * student[0].shape[-1]).clip(min=1.0)
    distances = [((s - t) ** 2 * weight).sum() / count for s, t in zip(student, teacher, strict=True)]
    return sum(distances) / len(distances)
