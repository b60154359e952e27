# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every weight that a process has, by name and size, worked out from the settings alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from fleetx.models.shape import Shape, padded_rows
from fleetx.settings.compress import QuantizationSettings
from fleetx.settings.model import ModelSettings
from fleetx.settings.settings import Settings

KINDS = {"Linear", "ColumnParallelLinear", "RowParallelLinear"}


@dataclass(frozen=True)
class Weight:
    """One weight of a process.

    Attributes:
        size: entries.
        trained: whether it has a gradient and an optimiser's state.
    """

    name: str
    size: int
    trained: bool = True


def weights_of(settings: Settings, stage: int = 0) -> list[Weight]:
    """Of a process at a stage of the pipeline; those at the same stage have equally many. Nothing is pruned yet."""
    model, degrees = settings.Model, settings.Distributed
    first, last = stage == 0, stage == degrees.pp_degree - 1
    share = model.num_layers // degrees.pp_degree
    found = list(_ends(model, degrees.mp_degree, first, last))
    for number in range(stage * share, (stage + 1) * share):
        found += _layer(settings, number)
    quantization = settings.Compress.Quantization
    if not (quantization.enable and quantization.freeze_embedding):
        return found
    frozen = ("word_embeddings", "position_embeddings", "patch_embed", "pos_embed")
    return [Weight(w.name, w.size, w.trained and not any(each in w.name for each in frozen)) for w in found]


def _ends(model: ModelSettings, mp: int, first: bool, last: bool) -> Iterator[Weight]:
    width = model.hidden_size
    if model.is_vision:
        patches = (model.image_size // model.patch_size) ** 2
        if first:
            yield Weight("patch_embed.weight", model.num_channels * model.patch_size**2 * width)
            yield Weight("patch_embed.bias", width)
            yield Weight("cls_token", width)
            yield Weight("pos_embed", (patches + 1) * width)
        if last:
            yield from (Weight(f"norm.{name}", width) for name in ("weight", "bias"))
            yield Weight("head.weight", width * model.num_classes)
            yield Weight("head.bias", model.num_classes)
        return
    if first or last:  # the head is the token table again
        yield Weight("gpt.embeddings.word_embeddings.weight", padded_rows(model, mp) // mp * width)
    if first:
        yield Weight("gpt.embeddings.position_embeddings.weight", model.max_position_embeddings * width)
    if last:
        yield from (Weight(f"gpt.decoder.norm.{name}", width) for name in ("weight", "bias"))


def projections(model: ModelSettings, number: int, mp: int) -> dict[str, tuple[int, int]]:
    """Inputs and outputs of a layer's projections in one process."""
    shape = Shape.dense(model)
    inner, ffn, width = shape.heads[number] * shape.head_size // mp, shape.ffn[number] // mp, model.hidden_size
    parts = {"qkv_proj": 3} if model.fuse_attn_qkv else dict.fromkeys(("q_proj", "k_proj", "v_proj"), 1)
    found = {f"self_attn.{name}": (width, times * inner) for name, times in parts.items()}
    return found | {"self_attn.out_proj": (inner, width), "linear1": (width, ffn), "linear2": (ffn, width)}


def _layer(settings: Settings, number: int) -> Iterator[Weight]:
    model, mp = settings.Model, settings.Distributed.mp_degree
    before = f"{'blocks' if model.is_vision else 'gpt.decoder.layers'}.{number}."
    for norm in ("norm1", "norm2"):
        yield from (Weight(f"{before}{norm}.{name}", model.hidden_size) for name in ("weight", "bias"))
    how = settings.Compress.Quantization
    for name, (inputs, outputs) in projections(model, number, mp).items():
        yield Weight(f"{before}{name}.weight", inputs * outputs)
        yield Weight(f"{before}{name}.bias", outputs)
        if is_quantized(how, number, name):
            yield from _ranges(how, f"{before}{name}.", outputs)


def is_quantized(how: QuantizationSettings, number: int, name: str) -> bool:
    if not how.enable or not KINDS & set(how.quantizable_layer_type):
        return False
    return name.rpartition(".")[2] not in how.skip_tensor_map.get(f"block_{number}", ())


def _ranges(how: QuantizationSettings, before: str, outputs: int) -> Iterator[Weight]:
    """Scale, state and sum of an activation; scales of a weight; learnt bounds with PACT."""
    for name in ("_scale", "_state", "_accum"):
        yield Weight(f"{before}_fake_quant_input.{name}", 1, trained=False)
    channels = outputs if how.weight_quantize_type == "channel_wise_abs_max" else 1
    yield Weight(f"{before}_fake_quant_weight._scale", channels, trained=False)
    for part, how_type in (("_act", how.activation_preprocess_type), ("_weight", how.weight_preprocess_type)):
        if how_type == "PACT":
            yield Weight(f"{before}{part}_preprocess.alpha", 1)


def whole_count(model: ModelSettings) -> int:
    """Weights and biases of the whole network."""
    return sum(weight.size for weight in weights_of(Settings(Model=model)))


def owned(weights: list[Weight], degree: int) -> list[list[Weight]]:
    """Whose state each of the processes of a sharding group keeps: the largest first, to the one with least so far.

    As fleet's DygraphShardingOptimizer does it (stage 1 of ZeRO, Rajbhandari et al. 2020, by whole weights).
    """
    shares: list[list[Weight]] = [[] for _ in range(degree)]
    sums = [0] * degree
    for weight in sorted((each for each in weights if each.trained), key=lambda each: each.size, reverse=True):
        place = sums.index(min(sums))
        shares[place].append(weight)
        sums[place] += weight.size
    return shares
