# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Sums over the processes that share a layer, with their gradients; cross entropy over a shared vocabulary."""

import paddle
import paddle.distributed as dist
from paddle.autograd import PyLayer

FAR_BELOW = -1e30  # logits of padding; their probability is exactly 0 in float32


class Enter(PyLayer):
    """Into a shared layer: the same forward, the processes' gradients added up backward (Shoeybi et al. 2019, f)."""

    @staticmethod
    def forward(ctx, values, group):
        ctx.group = group
        return values.clone()

    @staticmethod
    def backward(ctx, gradient):
        return summed(gradient, ctx.group)


class Leave(PyLayer):
    """Out of a shared layer: the processes' results added up forward, the same gradient for each backward (their g)."""

    @staticmethod
    def forward(ctx, values, group):
        return summed(values, group)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.clone()


class Gather(PyLayer):
    """The processes' parts of the last axis side by side; backward each gets the gradient of its own."""

    @staticmethod
    def forward(ctx, values, group):
        ctx.group, ctx.size = group, values.shape[-1]
        parts: list = []
        dist.all_gather(parts, values.contiguous(), group=group)
        return paddle.concat(parts, axis=-1)

    @staticmethod
    def backward(ctx, gradient):
        start = ctx.group.rank * ctx.size
        return gradient[..., start : start + ctx.size]


def summed(values, group, op=dist.ReduceOp.SUM):
    """A new tensor with all processes' values added up, or the largest of each with `op` MAX."""
    total = values.detach().clone()
    dist.all_reduce(total, op=op, group=group)
    return total


class SharedCrossEntropy(PyLayer):
    """Cross entropy of each token where each process has the logits of an equal range of tokens.

    The largest logit, the sum of exponentials and the right token's logit are each reduced over the processes; no one
    ever has all logits (Shoeybi et al. 2019, section 3).

    Args:
        logits: float32 [batch, length, own tokens].
        labels: int64 [batch, length], numbers in the whole vocabulary.
        start: number of the first own token.

    Returns:
        float32 [batch, length].
    """

    @staticmethod
    def forward(ctx, logits, labels, start, group):
        size = logits.shape[-1]
        largest = summed(logits.max(-1), group, dist.ReduceOp.MAX)
        shares = (logits - largest.unsqueeze(-1)).exp()
        total = summed(shares.sum(-1), group)
        own = paddle.logical_and(labels >= start, labels < start + size)
        places = paddle.where(own, labels - start, paddle.zeros_like(labels))
        right = paddle.take_along_axis(logits, places.unsqueeze(-1), -1).squeeze(-1)
        right = summed(paddle.where(own, right, paddle.zeros_like(right)), group)
        ctx.save_for_backward(shares / total.unsqueeze(-1), places, own)
        return total.log() + largest - right

    @staticmethod
    def backward(ctx, gradient):
        shares, places, own = ctx.saved_tensor()
        right = paddle.nn.functional.one_hot(places, shares.shape[-1]) * own.astype("float32").unsqueeze(-1)
        return (shares - right) * gradient.unsqueeze(-1)
