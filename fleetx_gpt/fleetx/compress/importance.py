# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""How much each attention head and each feed-forward channel matters, by four criteria."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from common.cli import UserError
from common.compress.ofa import unit_scores

import numpy as np
from paddle import nn

from fleetx.models.blocks import Block


@dataclass
class Importance:
    """Scores per layer, float64: `heads[layer]` [heads] and `ffn[layer]` [channels]; larger matters more."""

    heads: list[np.ndarray]
    ffn: list[np.ndarray]


def by_weights(network: nn.Layer, norm: str) -> Importance:
    """l1_norm: mean |w|; l2_norm: root of mean w²; of a head's query, key and value columns, or a channel's column."""
    measure = {"l1_norm": lambda w: np.abs(w).mean(axis=0), "l2_norm": lambda w: np.sqrt((w**2).mean(axis=0))}[norm]
    heads, ffn = [], []
    for block, count in zip(network.blocks, network.shape.heads, strict=True):
        columns = projections(block)
        by_head = [array.reshape(array.shape[0], count, -1).transpose(0, 2, 1) for array in columns]
        blocks = np.concatenate(by_head, axis=1)  # [inputs, columns of a head, heads]
        heads.append(measure(blocks.reshape(-1, count)))
        ffn.append(measure(block.linear1.weight.astype("float32").numpy().astype("float64")))
    return Importance(heads, ffn)


def projections(block: Block) -> list[np.ndarray]:
    """The weights that make query, key and value, float64 [inputs, columns], each with its columns head by head."""
    attention = block.self_attn
    found = [attention.qkv_proj] if attention.fused else [attention.q_proj, attention.k_proj, attention.v_proj]
    return [layer.weight.astype("float32").numpy().astype("float64") for layer in found]


def by_batches(network: nn.Layer, criterion: str, batches: Iterable, loss_of: Callable) -> Importance:
    """taylor or activation, of what goes into the projections that read the heads and the channels.

    taylor: |sum(x * dLoss/dx)| per unit, summed over batches (Molchanov et al. 2017; Michel et al. 2019 for heads).
    activation: mean |x| times mean |w| of the rows that read it, as of Wanda (Sun et al. 2024) but for whole units.

    Args:
        network: its mode and gradients are as before afterwards, the gradients cleared.
        loss_of: batch -> scalar loss.

    Raises:
        UserError: no batch.
    """
    shape, was_training = network.shape, network.training
    scores = Importance([np.zeros(n) for n in shape.heads], [np.zeros(n) for n in shape.ffn])
    inputs: dict[tuple[str, int], object] = {}

    def keep(key):
        def hook(_, arguments):
            arguments[0].retain_grads()
            inputs[key] = arguments[0]

        return hook

    readers = {("heads", n): block.self_attn.out_proj for n, block in enumerate(network.blocks)}
    readers |= {("ffn", n): block.linear2 for n, block in enumerate(network.blocks)}
    hooks = [layer.register_forward_pre_hook(keep(key)) for key, layer in readers.items()]
    network.eval()  # without dropout; gradients flow all the same
    used = 0
    try:
        for batch in batches:
            loss_of(batch).backward()
            for (kind, number), tensor in inputs.items():
                found = getattr(scores, kind)[number]
                values = tensor.astype("float32").numpy()
                if criterion == "taylor":
                    found += unit_scores(values, tensor.grad.astype("float32").numpy(), len(found))
                else:
                    found += activity(values, readers[kind, number].weight.astype("float32").numpy(), len(found))
            network.clear_gradients()
            used += 1
    finally:
        for hook in hooks:
            hook.remove()
        if was_training:
            network.train()
    if not used:
        raise UserError("Compress.Prune.calibration_batches: importance needs at least one batch")
    return scores


def activity(values: np.ndarray, weight: np.ndarray, units: int) -> np.ndarray:
    """Mean |x| times mean |w|, per unit.

    Args:
        values: [batch, length, units * size], what the projection reads.
        weight: [units * size, outputs], the projection.
    """
    strength = np.abs(values.astype("float64")).mean(axis=(0, 1)) * np.abs(weight.astype("float64")).mean(axis=1)
    return strength.reshape(units, -1).mean(axis=1)
