# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bytes that a process needs for training, worked out from the settings: weights, gradients, states, activations.

Activations are counted as Korthikanti et al. 2022 (Reducing Activation Recomputation in Large Transformer Models,
section 4) count them: what the backward pass of each operation reads. What is not counted: temporary tensors within an
operation, buffers of communication, the allocator's waste and the CUDA context.
"""

from dataclasses import asdict, dataclass

from fleetx.models.shape import Shape, padded_rows
from fleetx.parallel import sizes
from fleetx.settings.settings import Settings

FLOAT, MOMENTS = 4, 2
POWERS = 2  # single numbers beside the moments of each weight


@dataclass(frozen=True)
class Memory:
    """Bytes of one process."""

    weights: int
    gradients: int
    optimizer: int
    """Moments in float32, and with half precision (O2) the float32 weights."""
    activations: int
    """Of the batches that are between forward and backward at once."""
    recomputed: int
    """Activations and rounded weights of the one layer that is computed again at a time."""
    quantization: int
    """Rounded copies of weights."""
    teacher: int
    """Weights of the teacher, whole in each process."""
    host: int
    """Optimiser states that sharding_offload keeps in the host's memory; not in the sum."""

    @property
    def total(self) -> int:
        return sum(value for name, value in asdict(self).items() if name != "host")

    def record(self) -> dict[str, int]:
        return {**asdict(self), "total": self.total}


def of_process(settings: Settings, stage: int = 0) -> Memory:
    """Of the process that has most, among those at a stage of the pipeline."""
    found = sizes.weights_of(settings, stage)
    half, sharding = settings.Engine.mix_precision, settings.Distributed.sharding
    cast = half.enable and half.level == "O2"
    width = 2 if cast else FLOAT
    trained = [weight for weight in found if weight.trained]
    degree, level = sharding.sharding_degree, sharding.sharding_stage if sharding.sharding_degree > 1 else 0
    entries = sum(weight.size for weight in found)
    here = -(-entries // degree) if level == 3 else entries
    per_entry = FLOAT * MOMENTS + (FLOAT if cast else 0)

    def states_of(share: list[sizes.Weight]) -> int:
        return sum(weight.size * per_entry + POWERS * FLOAT for weight in share)

    most = max(sizes.owned(found, degree), key=states_of)
    states = states_of(most)
    gradients = sum(weight.size for weight in (most if level >= 2 else trained))
    offload = level >= 2 and sharding.sharding_offload
    kept = activations(settings, stage)
    flying = in_flight(settings, stage)
    return Memory(
        weights=here * width,
        gradients=gradients * width,
        optimizer=0 if offload else states,
        activations=kept.activations * flying,
        recomputed=kept.recomputed,
        quantization=kept.rounded * flying,
        teacher=_teacher(settings),
        host=states if offload else 0,
    )


def in_flight(settings: Settings, stage: int) -> int:
    """Batches whose activations a stage keeps at once (1F1B, Narayanan et al. 2021)."""
    return min(settings.Distributed.pp_degree - stage, settings.Global.accumulate_steps)


def length_of(settings: Settings) -> int:
    """Positions of a row."""
    model = settings.Model
    return (
        (model.image_size // model.patch_size) ** 2 + 1 if model.is_vision else settings.Data.Train.dataset.max_seq_len
    )


@dataclass(frozen=True)
class Kept:
    """Bytes for the backward pass of one micro batch: of activations, of rounded weights, and of both in the largest
    layer that is computed again."""

    activations: int
    rounded: int
    recomputed: int


def activations(settings: Settings, stage: int = 0) -> Kept:
    """What the operations of a stage's layers leave behind them when going forward."""
    model, degrees = settings.Model, settings.Distributed
    share = model.num_layers // degrees.pp_degree
    kept = _ends(settings, stage == 0, stage == degrees.pp_degree - 1)
    rounded = again = 0
    for number in range(stage * share, (stage + 1) * share):
        parts, copies = layer(settings, number), copies_of(settings, number)
        redone = model.use_recompute and number not in model.no_recompute_layers
        how = (model.recompute_granularity or "full") if redone else "nothing"
        gone = {
            "nothing": 0,
            "full": sum(parts.values()) - parts["input"],
            # what goes into the attention, normed, is kept
            "full_attn": parts["attention"] + parts["scores"] - parts["input"],
            "core_attn": parts["scores"],
        }[how]
        spared = {"full": sum(copies.values()), "full_attn": copies["attention"]}.get(how, 0)
        kept += sum(parts.values()) - gone
        rounded += sum(copies.values()) - spared
        again = max(again, gone + spared)
    return Kept(kept, rounded, again)


def copies_of(settings: Settings, number: int) -> dict[str, int]:
    """Bytes of a layer's rounded weights, which a backward pass reads in place of the weights."""
    how, found = settings.Compress.Quantization, {"attention": 0, "rest": 0}
    for name, (inputs, outputs) in sizes.projections(settings.Model, number, settings.Distributed.mp_degree).items():
        if sizes.is_quantized(how, number, name):
            found["attention" if "self_attn" in name else "rest"] += inputs * outputs * FLOAT
    return found


def layer(settings: Settings, number: int) -> dict[str, int]:
    """Bytes of one layer and micro batch, by what would have to be computed again for them.

    input: what comes in. attention: projections' inputs and outputs. scores: what grows with the square of the length.
    rest: norms and the feed-forward half.
    """
    model, mp = settings.Model, settings.Distributed.mp_degree
    half = settings.Engine.mix_precision.enable
    wide = 2 if half else FLOAT
    shape, length = Shape.dense(model), length_of(settings)
    tokens = settings.Global.micro_batch_size * length
    heads, ffn = shape.heads[number] // mp, shape.ffn[number] // mp
    inner, width = heads * shape.head_size, model.hidden_size
    square = settings.Global.micro_batch_size * heads * length * length
    hidden_mask = tokens * width if model.hidden_dropout_prob else 0
    # float32 probabilities, those that are multiplied with the values, and dropout's mask
    scores = square * (FLOAT + wide + (1 if model.attention_probs_dropout_prob else 0))
    return {
        "input": tokens * width * wide,
        "attention": tokens * (width + 4 * inner) * wide,  # normed; query, key, value, context
        "scores": scores,
        "rest": tokens * (2 * width + 2 * ffn) * wide + 2 * hidden_mask + 4 * tokens * FLOAT,
    }


def _ends(settings: Settings, first: bool, last: bool) -> int:
    """Bytes before the first and behind the last layer, for one micro batch."""
    model, mp = settings.Model, settings.Distributed.mp_degree
    half = settings.Engine.mix_precision.enable
    wide = 2 if half else FLOAT
    rows, length = settings.Global.micro_batch_size, length_of(settings)
    tokens, width = rows * length, model.hidden_size
    kept = 0
    if first:
        kept += tokens * width if model.hidden_dropout_prob else 0
        if model.is_vision:
            kept += rows * model.num_channels * model.image_size**2 * FLOAT
        else:
            kept += (tokens + length) * 8  # ids and positions, int64
    if last and model.is_vision:
        kept += 2 * rows * width * wide + 2 * rows * model.num_classes * FLOAT
    elif last:
        kept += 2 * tokens * width * wide
        kept += tokens * padded_rows(model, mp) // mp * FLOAT  # probabilities
    return kept


def _teacher(settings: Settings) -> int:
    how = settings.Compress.Distillation
    return sizes.whole_count(how.Teacher.Model or settings.Model) * FLOAT if how.enable else 0
