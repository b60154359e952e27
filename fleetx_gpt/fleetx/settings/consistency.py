# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What sections of a configuration say about each other: one function per section, each raising `UserError`.

A check of one section alone is its dataclass's own (`__post_init__`). Some functions also fill in what follows from
other sections, such as the batch size that is not given.
"""

from collections.abc import Callable

from fleetx.settings.compress import QUANTIZABLE
from fleetx.settings.settings import SPLITS, Settings

PROJECTIONS = ("qkv_proj", "q_proj", "k_proj", "v_proj", "out_proj", "linear1", "linear2")
"""Layers of a block that `skip_tensor_map` may name."""


def check(settings: Settings, warn: Callable[[str], None]) -> None:
    """All checks, in the order in which a user would mend their faults; fills in what follows from other keys.

    Args:
        warn: told of what is probably a slip of the pen.

    Raises:
        UserError: the first key that does not go with another.
    """
    fill_in_batch_sizes(settings)
    check_degrees(settings)
    if not settings.Model.is_vision:
        limit_lengths(settings)
        warn_of_unusual_sizes(settings, warn)
    if settings.Compress.Prune.enable:
        check_pruning(settings)
    if settings.Compress.Distillation.enable:
        check_distillation(settings)
    if settings.Compress.Quantization.enable:
        check_quantization(settings)
        check_skipped_layers(settings)
        start_quantization_behind_pruning(settings)


def fill_in_batch_sizes(settings: Settings) -> None:
    """global = local x dp_degree x sharding_degree; the one of them that is not given follows from the other."""
    batches, degrees = settings.Global, settings.Distributed
    replicas = degrees.dp_degree * degrees.sharding.sharding_degree  # processes that see rows of their own
    if batches.local_batch_size is None:
        whole = batches.global_batch_size or replicas
        if whole % replicas:
            raise settings.wrong("Global.global_batch_size", f"{whole} rows do not go round {replicas} processes")
        batches.local_batch_size = whole // replicas
    product = batches.local_batch_size * replicas
    if batches.global_batch_size not in (None, product):
        raise settings.wrong(
            "Global.global_batch_size",
            f"is {batches.global_batch_size}, but local_batch_size {batches.local_batch_size} x dp_degree "
            f"{degrees.dp_degree} x sharding_degree {degrees.sharding.sharding_degree} is {product}",
        )
    batches.global_batch_size = product
    if batches.local_batch_size % batches.micro_batch_size:
        raise settings.wrong(
            "Global.micro_batch_size", f"{batches.micro_batch_size} does not divide {batches.local_batch_size} rows"
        )


def check_degrees(settings: Settings) -> None:
    """Whole heads and equally many channels and layers for each process."""
    model, degrees = settings.Model, settings.Distributed
    for what, size, degree in (
        ("num_attention_heads", model.num_attention_heads, "mp_degree"),
        ("ffn_hidden_size", model.ffn_size, "mp_degree"),
        ("num_layers", model.num_layers, "pp_degree"),
    ):
        count = getattr(degrees, degree)
        if size % count:
            raise settings.wrong(f"Distributed.{degree}", f"{count} does not divide Model.{what}, which is {size}")
    if settings.Inference.mp_degree > 1 and model.num_attention_heads % settings.Inference.mp_degree:
        raise settings.wrong("Inference.mp_degree", f"does not divide {model.num_attention_heads} heads")


def limit_lengths(settings: Settings) -> None:
    """No row is longer than the position table: a length that is given is refused, a default is cut down."""
    longest = settings.Model.max_position_embeddings
    holders = {f"Data.{name}.dataset.max_seq_len": getattr(settings.Data, name).dataset for name in SPLITS}
    holders["Offline_Eval.max_seq_len"] = settings.Offline_Eval
    for key, holder in holders.items():
        if settings.given(key) and holder.max_seq_len > longest:
            raise settings.wrong(key, f"{holder.max_seq_len} tokens, but Model.max_position_embeddings is {longest}")
        holder.max_seq_len = min(holder.max_seq_len, longest)


def warn_of_unusual_sizes(settings: Settings, warn: Callable[[str], None]) -> None:
    """The document's example has 8196 for 8192 = 4 x 2048: within 1 % of four times the width is taken for a slip."""
    teacher = settings.Compress.Distillation.Teacher.Model
    for key, model in (("Model", settings.Model), ("Compress.Distillation.Teacher.Model", teacher)):
        usual = 4 * model.hidden_size if model else 0
        if model and model.ffn_size != usual and abs(model.ffn_size - usual) <= usual // 100:
            place = settings.places.get(f"{key}.ffn_hidden_size", key)
            warn(f"{place}: {key}.ffn_hidden_size is {model.ffn_size}; is 4 x hidden_size = {usual} meant?")


def check_pruning(settings: Settings) -> None:
    """Something is left in each layer, and the processes that share a layer can share what is left."""
    model, prune, degree = settings.Model, settings.Compress.Prune, settings.Distributed.mp_degree
    for what, size in (("heads", model.num_attention_heads), ("feed-forward channels", model.ffn_size)):
        left = size - round(size * prune.ratio)
        if left < 1:
            raise settings.wrong("Compress.Prune.ratio", f"{prune.ratio:g} leaves none of {size} {what} in a layer")
        if left % degree:
            raise settings.wrong(
                "Compress.Prune.ratio",
                f"{prune.ratio:g} leaves {left} {what}, which mp_degree {degree} does not divide",
            )
    if prune.ranking == "global" and degree > 1:
        raise settings.wrong(
            "Compress.Prune.ranking", "global leaves layers that mp_degree does not divide; write layer"
        )


def check_distillation(settings: Settings) -> None:
    """There is a teacher."""
    compress = settings.Compress
    if not (compress.Distillation.Teacher.save_load.ckpt_dir or compress.pretrained):
        raise settings.wrong(
            "Compress.Distillation.enable",
            "no teacher; name its checkpoint in Teacher.save_load.ckpt_dir or Compress.pretrained",
        )


def check_quantization(settings: Settings) -> None:
    """What layers that processes share, and the ONNX form, do not bear."""
    how, degree = settings.Compress.Quantization, settings.Distributed.mp_degree
    if how.uses_pact and degree > 1:
        raise settings.wrong(
            "Compress.Quantization.activation_preprocess_type",
            f"PACT does not work with mp_degree {degree}; write None, or mp_degree 1",
        )
    if degree > 1 and set(how.quantizable_layer_type) != set(QUANTIZABLE):
        raise settings.wrong(
            "Compress.Quantization.quantizable_layer_type",
            f"with mp_degree {degree} the three kinds go together: {', '.join(QUANTIZABLE)}; one process "
            "has only the first, and is to find the same layers quantised",
        )
    if settings.Inference.onnx and not how.onnx_format:
        raise settings.wrong("Inference.onnx", "needs Compress.Quantization.onnx_format: True")


def check_skipped_layers(settings: Settings) -> None:
    """`skip_tensor_map` names blocks and layers that there are."""
    key, count = "Compress.Quantization.skip_tensor_map", settings.Model.num_layers
    for block, names in settings.Compress.Quantization.skip_tensor_map.items():
        number = block.removeprefix("block_")
        if not number.isdigit() or int(number) >= count:
            raise settings.wrong(key, f"`{block}` is no layer; they are block_0 to block_{count - 1}")
        for name in names:
            if name not in PROJECTIONS:
                raise settings.wrong(key, f"`{name}` in {block} is none of {', '.join(PROJECTIONS)}")


def start_quantization_behind_pruning(settings: Settings) -> None:
    """Layers are cut before they are wrapped; a start that is not given moves behind the last cut."""
    how, prune = settings.Compress.Quantization, settings.Compress.Prune
    if not prune.enable:
        return
    if settings.given("Compress.Quantization.start_step") and how.start_step < prune.end_step:
        raise settings.wrong(
            "Compress.Quantization.start_step",
            f"{how.start_step} comes before pruning ends (Compress.Prune.end_step {prune.end_step})",
        )
    how.start_step = max(how.start_step, prune.end_step)
