# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Cut whole heads and feed-forward channels out: the network that is left is smaller and has nothing else in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from paddle import nn

from fleetx.compress.importance import Importance
from fleetx.models.build import build
from fleetx.models.shape import Shape
from fleetx.state import weights


@dataclass(frozen=True)
class Kept:
    """Numbers of the units that stay, in each layer, ascending."""

    heads: list[np.ndarray]
    ffn: list[np.ndarray]

    def then(self, later: "Kept") -> "Kept":
        """Both cuts one after the other, by the numbers before the first."""
        return Kept(
            [first[second] for first, second in zip(self.heads, later.heads, strict=True)],
            [first[second] for first, second in zip(self.ffn, later.ffn, strict=True)],
        )

    def record(self) -> dict[str, list[list[int]]]:
        return {"heads": [each.tolist() for each in self.heads], "ffn": [each.tolist() for each in self.ffn]}

    @classmethod
    def of_record(cls, record: dict[str, list[list[int]]]) -> "Kept":
        return cls([np.array(each) for each in record["heads"]], [np.array(each) for each in record["ffn"]])

    @classmethod
    def all(cls, shape: Shape) -> "Kept":
        return cls([np.arange(n) for n in shape.heads], [np.arange(n) for n in shape.ffn])


def choose(scores: Importance, dense: Shape, gone: float, ranking: str) -> Kept:
    """What stays so that the share `gone` of the dense network's heads and channels is gone.

    Args:
        scores: of the units that are there now.
        dense: before anything was pruned.
        ranking: layer takes the share from each layer; global from all layers together, whose scores are first divided
            by their layer's norm (Molchanov et al. 2017), and leaves at least one unit in each layer.
    """
    select = _per_layer if ranking == "layer" else _over_layers
    return Kept(select(scores.heads, dense.heads, gone), select(scores.ffn, dense.ffn, gone))


def _per_layer(scores: list[np.ndarray], dense: tuple[int, ...], gone: float) -> list[np.ndarray]:
    return [_best(each, size - round(size * gone)) for each, size in zip(scores, dense, strict=True)]


def _over_layers(scores: list[np.ndarray], dense: tuple[int, ...], gone: float) -> list[np.ndarray]:
    scaled = [each / (np.linalg.norm(each) or 1) for each in scores]
    for each in scaled:
        each[each.argmax()] = np.inf  # the best one of a layer always stays
    left = max(len(scores), sum(dense) - round(sum(dense) * gone))
    stays = np.zeros(sum(map(len, scaled)), bool)
    stays[_best(np.concatenate(scaled), left)] = True
    bounds = np.cumsum([len(each) for each in scaled])[:-1]
    return [np.flatnonzero(each) for each in np.split(stays, bounds)]


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    return np.sort(np.argsort(-scores, kind="stable")[:count])


def cuts(network: nn.Layer, kept: Kept) -> dict[str, tuple[int, np.ndarray]]:
    """Weight's name -> (axis, which of its entries stay)."""
    names = {id(layer): name for name, layer in network.named_sublayers()}
    size = network.shape.head_size
    found = {}
    for number, block in enumerate(network.blocks):
        name = names[id(block)]
        head = features(kept.heads[number], size)
        if block.self_attn.fused:
            columns = {"qkv_proj": features(kept.heads[number], 3 * size)}
        else:
            columns = dict.fromkeys(("q_proj", "k_proj", "v_proj"), head)
        for projection, index in columns.items():
            found[f"{name}.self_attn.{projection}.weight"] = (1, index)
            found[f"{name}.self_attn.{projection}.bias"] = (0, index)
        found[f"{name}.self_attn.out_proj.weight"] = (0, head)
        found[f"{name}.linear1.weight"] = (1, kept.ffn[number])
        found[f"{name}.linear1.bias"] = (0, kept.ffn[number])
        found[f"{name}.linear2.weight"] = (0, kept.ffn[number])
    return found


def features(units: np.ndarray, size: int) -> np.ndarray:
    """Units of `size` features each -> numbers of these features."""
    return (np.asarray(units)[:, None] * size + np.arange(size)).reshape(-1)


def cut(arrays: Mapping[str, np.ndarray], which: Mapping[str, tuple[int, np.ndarray]]) -> dict[str, np.ndarray]:
    """Weights, or an optimiser's `<weight>/<moment>`, with only what stays; single numbers are as they were."""
    result = {}
    for name, array in arrays.items():
        axis, index = which.get(name.partition("/")[0], (0, None))
        single = array.size == 1 and name.endswith("_pow_acc")
        result[name] = array if index is None or single else np.take(array, index, axis=axis)
    return result


def shrink(network: nn.Layer, kept: Kept) -> nn.Layer:
    """A new network with what stays, in the same mode."""
    shape = network.shape.with_counts([len(each) for each in kept.heads], [len(each) for each in kept.ffn])
    smaller = build(network.settings, shape, network.factory)
    weights.fill(smaller, cut(weights.arrays_of(network), cuts(network, kept)), "the pruned network")
    if network.training:
        smaller.train()
    else:
        smaller.eval()
    return smaller
