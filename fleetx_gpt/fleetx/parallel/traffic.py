# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bytes that a process gives to the verbs of communication in one optimiser step, per axis, from the settings alone.

mp: Shoeybi et al. 2019. pp: Narayanan et al. 2021. sharding: Rajbhandari et al. 2020, section 7. Whole tensors are
counted, as the tests count them (tests/fleetx_gpt/counted.py); `on_the_wire` says what a ring sends of them.
"""

from dataclasses import dataclass

from fleetx.parallel import memory, sizes
from fleetx.parallel.memory import FLOAT
from fleetx.settings.settings import Settings

FIGURE = 8  # bytes of a loss that is averaged for the log


@dataclass(frozen=True)
class Traffic:
    """Bytes of one axis and step, by verb."""

    all_reduce: int = 0
    reduce: int = 0
    broadcast: int = 0
    send: int = 0

    @property
    def total(self) -> int:
        return self.all_reduce + self.reduce + self.broadcast + self.send

    def on_the_wire(self, processes: int) -> int:
        """What one process sends: a ring passes each part on n - 1 times, twice for an all-reduce (Patarasuk 2009)."""
        share = (processes - 1) / processes
        return round(2 * share * self.all_reduce + share * (self.reduce + self.broadcast) + self.send)


def of_step(settings: Settings, stage: int = 0) -> dict[str, Traffic]:
    """Axis -> traffic of a process at a stage of the pipeline; only axes of more than one process."""
    degrees = settings.Distributed
    sharding = degrees.sharding.sharding_degree
    found = {}
    if degrees.dp_degree > 1:
        found["dp"] = _dp(settings, stage)
    if degrees.mp_degree > 1:
        found["mp"] = _mp(settings, stage)
    if degrees.pp_degree > 1:
        found["pp"] = _pp(settings, stage)
        if stage in (0, degrees.pp_degree - 1) and not settings.Model.is_vision:
            table = next(w for w in sizes.weights_of(settings, stage) if "word_embeddings" in w.name)
            found["ends"] = Traffic(all_reduce=table.size * _grain(settings) if table.trained else 0)
    if sharding > 1:
        found["sharding"] = _sharding(settings, stage)
    return found


def _grain(settings: Settings) -> int:
    """Bytes of a gradient's entry."""
    half = settings.Engine.mix_precision
    return 2 if half.enable and half.level == "O2" else FLOAT


def _figures(settings: Settings) -> int:
    return FIGURE * (3 if settings.Compress.Distillation.enable else 1)


def _ranges(settings: Settings, stage: int) -> int:
    """Activation ranges, which are averaged over processes that see other rows."""
    return FLOAT * sum(
        weight.size for weight in sizes.weights_of(settings, stage) if "_fake_quant_input" in weight.name
    )


def _norm(settings: Settings) -> int:
    """The sum of squares that gradients are clipped together by."""
    return FLOAT if settings.Optimizer.grad_clip.clip_norm else 0


def _dp(settings: Settings, stage: int) -> Traffic:
    sharding = settings.Distributed.sharding
    weights = sizes.weights_of(settings, stage)
    shares = sizes.owned(weights, sharding.sharding_degree)
    most = max(sum(weight.size for weight in share) for share in shares)
    return Traffic(all_reduce=most * _grain(settings) + _figures(settings) + _ranges(settings, stage))


def _mp(settings: Settings, stage: int) -> Traffic:
    model, degrees = settings.Model, settings.Distributed
    batches = settings.Global.accumulate_steps
    tokens = settings.Global.micro_batch_size * memory.length_of(settings)
    wide = 2 if settings.Engine.mix_precision.enable else FLOAT
    features = tokens * model.hidden_size * wide
    share = model.num_layers // degrees.pp_degree
    passes = 0
    for number in range(stage * share, (stage + 1) * share):
        into = 1 + (1 if model.fuse_attn_qkv else 3)  # backward: into the feed-forward half and the projections
        passes += 2 + into + _again(settings, number)
    first, last = stage == 0, stage == degrees.pp_degree - 1
    total = passes * features
    if not model.is_vision:
        total += features * first  # rows of the token table, each from the process that has it
        total += (features + 3 * tokens * FLOAT) * last  # into the head; largest, sum and right logit of each token
    total = total * batches + _mp_ranges(settings, stage) * batches
    return Traffic(all_reduce=total, broadcast=_synced(settings, stage))


def _synced(settings: Settings, stage: int) -> int:
    """Weights that every process has whole: fleet's optimiser makes them one again behind each update."""
    half = settings.Engine.mix_precision
    cast = half.enable and half.level == "O2"
    shared = ("word_embeddings.weight", "qkv_proj.", "q_proj.", "k_proj.", "v_proj.", "linear1.")
    rows = ("out_proj.weight", "linear2.weight")
    whole = [
        weight.size
        for weight in sizes.weights_of(settings, stage)
        if weight.trained and not weight.name.endswith(rows) and not any(part in weight.name for part in shared)
    ]
    return sum(whole) * (2 + FLOAT if cast else FLOAT)


def _again(settings: Settings, number: int) -> int:
    """Sums that are made once more when a layer is computed again."""
    model = settings.Model
    if not model.use_recompute or number in model.no_recompute_layers:
        return 0
    return {"full": 2, "full_attn": 1, "core_attn": 0}[model.recompute_granularity or "full"]


def _mp_ranges(settings: Settings, stage: int) -> int:
    """Largest values of shared weights and activations, for each micro batch."""
    how, model, degrees = settings.Compress.Quantization, settings.Model, settings.Distributed
    share = model.num_layers // degrees.pp_degree
    total = 0
    for number in range(stage * share, (stage + 1) * share):
        for name, (_, outputs) in sizes.projections(model, number, degrees.mp_degree).items():
            if not sizes.is_quantized(how, number, name):
                continue
            row, channels = name.endswith(("out_proj", "linear2")), how.weight_quantize_type != "abs_max"
            total += FLOAT * ((1 + (outputs if channels else 1)) if row else (0 if channels else 1))
    return total


def _pp(settings: Settings, stage: int) -> Traffic:
    rows, model = settings.Global.micro_batch_size, settings.Model
    features = rows * memory.length_of(settings) * model.hidden_size * _grain(settings)
    ways = (stage > 0) + (stage < settings.Distributed.pp_degree - 1)
    reduced = _figures(settings) + _norm(settings)
    return Traffic(send=features * ways * settings.Global.accumulate_steps, all_reduce=reduced)


def _sharding(settings: Settings, stage: int) -> Traffic:
    """Stages 1 and 2: gradients go to their owner, weights come back. Stage 3 fetches weights for both passes."""
    how = settings.Distributed.sharding
    trained = sum(weight.size for weight in sizes.weights_of(settings, stage) if weight.trained)
    size = trained * _grain(settings)
    fetched = 2 * settings.Global.accumulate_steps if how.sharding_stage == 3 else 1
    small = _figures(settings) + _norm(settings) + _ranges(settings, stage)
    return Traffic(reduce=size, broadcast=size * fetched, all_reduce=small)
