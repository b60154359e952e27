# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A configuration file and its overrides as checked settings."""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from common.cli import UserError

from fleetx.settings import document, tree
from fleetx.settings.build import build
from fleetx.settings.compress import QUANTIZABLE, CompressSettings
from fleetx.settings.model import ModelSettings
from fleetx.settings.run import DistributedSettings, EngineSettings, GlobalSettings, OptimizerSettings
from fleetx.settings.task import (
    DataSettings,
    GenerationSettings,
    InferenceSettings,
    OfflineEvalSettings,
    TokenizerSettings,
)

SPLITS = ("Train", "Eval", "Test")


@dataclass
class Settings:
    """Everything a tool is told. `load` makes one."""

    Global: GlobalSettings = field(default_factory=GlobalSettings)
    Engine: EngineSettings = field(default_factory=EngineSettings)
    Model: ModelSettings = field(default_factory=ModelSettings)
    Distributed: DistributedSettings = field(default_factory=DistributedSettings)
    Optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    Data: DataSettings = field(default_factory=DataSettings)
    Tokenizer: TokenizerSettings = field(default_factory=TokenizerSettings)
    Offline_Eval: OfflineEvalSettings = field(default_factory=OfflineEvalSettings)
    Generation: GenerationSettings = field(default_factory=GenerationSettings)
    Inference: InferenceSettings = field(default_factory=InferenceSettings)
    Compress: CompressSettings = field(default_factory=CompressSettings)
    places: dict[str, str] = field(default_factory=dict, repr=False, metadata={"internal": True})
    """Dotted key → `file:line` or `-o Key`, of each key that was given."""

    def wrong(self, key: str, message: str) -> UserError:
        """An error about a key, with the place where it was written."""
        place = self.places.get(key)
        return UserError(f"{place + ': ' if place else ''}{key}: {message}")

    def given(self, key: str) -> bool:
        """Whether a file or `-o` says it; its value is the default otherwise."""
        return key in self.places

    def record(self) -> dict[str, Any]:
        """All keys and values, as JSON takes them."""
        values = asdict(self)
        del values["places"]
        return values


def to_stderr(message: str) -> None:
    if os.environ.get("PADDLE_TRAINER_ID", "0") == "0":  # of several processes one is enough
        print(f"warning: {message}", file=sys.stderr, flush=True)


def load(path: Path | str, overrides: Iterable[str] = (), warn: Callable[[str], None] = to_stderr) -> Settings:
    """Read, merge, override, build and check.

    Args:
        path: a YAML file.
        overrides: `Key.sub=value` words; later ones win.
        warn: told of what is taken although it is written otherwise than it should be.

    Raises:
        UserError: one line with key, place and how to mend it.
    """
    keys = tree.read(path)
    document.settle(keys, warn)
    tree.override(keys, overrides)
    document.settle(keys, warn)
    _complete_teacher(keys)
    settings = build(Settings, keys)
    settings.places = dict(tree.walk(keys))
    _settle_batches(settings)
    _check_degrees(settings)
    _check_lengths(settings, warn)
    _check_compression(settings)
    return settings


def _complete_teacher(keys: tree.Section) -> None:
    """What `Teacher.Model` does not say is the student's."""
    below: Any = keys
    for name in ("Compress", "Distillation", "Teacher"):
        below = below.get(name) if isinstance(below, tree.Section) else None
    if isinstance(below, tree.Section) and isinstance(below.get("Model"), tree.Section):
        whole = tree.Section()
        if isinstance(keys.get("Model"), tree.Section):
            tree.merge(whole, keys["Model"])
        tree.merge(whole, below["Model"])
        below.put("Model", whole, below.places["Model"])


def _settle_batches(settings: Settings) -> None:
    """Raises `UserError` where the sizes do not fit; fills in the one that is not given."""
    batches, degrees = settings.Global, settings.Distributed
    replicas = degrees.dp_degree * degrees.sharding.sharding_degree
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


def _check_degrees(settings: Settings) -> None:
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


def _check_lengths(settings: Settings, warn: Callable[[str], None]) -> None:
    model = settings.Model
    if model.is_vision:
        return
    lengths = {f"Data.{name}.dataset.max_seq_len": getattr(settings.Data, name).dataset for name in SPLITS}
    for key, holder in (lengths | {"Offline_Eval.max_seq_len": settings.Offline_Eval}).items():
        if settings.given(key) and holder.max_seq_len > model.max_position_embeddings:
            raise settings.wrong(
                key,
                f"{holder.max_seq_len} tokens, but Model.max_position_embeddings is {model.max_position_embeddings}",
            )
        holder.max_seq_len = min(holder.max_seq_len, model.max_position_embeddings)
    teacher = settings.Compress.Distillation.Teacher.Model
    for key, each in (("Model", model), ("Compress.Distillation.Teacher.Model", teacher)):
        usual = 4 * each.hidden_size if each else 0
        if each and each.ffn_size != usual and abs(each.ffn_size - usual) <= usual // 100:
            place = settings.places.get(f"{key}.ffn_hidden_size", key)
            warn(f"{place}: {key}.ffn_hidden_size is {each.ffn_size}; is 4 x hidden_size = {usual} meant?")


def _check_compression(settings: Settings) -> None:
    model, compress, degrees = settings.Model, settings.Compress, settings.Distributed
    quantization, prune, distillation = compress.Quantization, compress.Prune, compress.Distillation
    if prune.enable:
        for what, size in (("heads", model.num_attention_heads), ("feed-forward channels", model.ffn_size)):
            left = size - round(size * prune.ratio)
            if left < 1:
                raise settings.wrong("Compress.Prune.ratio", f"{prune.ratio:g} leaves none of {size} {what} in a layer")
            if left % degrees.mp_degree:
                raise settings.wrong(
                    "Compress.Prune.ratio",
                    f"{prune.ratio:g} leaves {left} {what}, which mp_degree {degrees.mp_degree} does not divide",
                )
        if prune.ranking == "global" and degrees.mp_degree > 1:
            raise settings.wrong(
                "Compress.Prune.ranking", "global leaves layers that mp_degree does not divide; write layer"
            )
    if distillation.enable and not (distillation.Teacher.save_load.ckpt_dir or compress.pretrained):
        raise settings.wrong(
            "Compress.Distillation.enable",
            "no teacher; name its checkpoint in Teacher.save_load.ckpt_dir or Compress.pretrained",
        )
    if not quantization.enable:
        return
    if quantization.uses_pact and degrees.mp_degree > 1:
        raise settings.wrong(
            "Compress.Quantization.activation_preprocess_type",
            f"PACT does not work with mp_degree {degrees.mp_degree}; write None, or mp_degree 1",
        )
    kinds = set(quantization.quantizable_layer_type)
    if degrees.mp_degree > 1 and kinds != set(QUANTIZABLE):
        raise settings.wrong(
            "Compress.Quantization.quantizable_layer_type",
            f"with mp_degree {degrees.mp_degree} the three kinds go together: {', '.join(QUANTIZABLE)}; one process "
            "has only the first, and is to find the same layers quantised",
        )
    if settings.Inference.onnx and not quantization.onnx_format:
        raise settings.wrong("Inference.onnx", "needs Compress.Quantization.onnx_format: True")
    _check_skipped(settings)
    if prune.enable and settings.given("Compress.Quantization.start_step") and quantization.start_step < prune.end_step:
        raise settings.wrong(
            "Compress.Quantization.start_step",
            f"{quantization.start_step} comes before pruning ends (Compress.Prune.end_step {prune.end_step})",
        )
    if prune.enable:
        quantization.start_step = max(quantization.start_step, prune.end_step)


def _check_skipped(settings: Settings) -> None:
    key = "Compress.Quantization.skip_tensor_map"
    known = ("qkv_proj", "q_proj", "k_proj", "v_proj", "out_proj", "linear1", "linear2")
    for block, names in settings.Compress.Quantization.skip_tensor_map.items():
        number = block.removeprefix("block_")
        if not number.isdigit() or int(number) >= settings.Model.num_layers:
            raise settings.wrong(
                key, f"`{block}` is no layer; they are block_0 to block_{settings.Model.num_layers - 1}"
            )
        for name in names:
            if name not in known:
                raise settings.wrong(key, f"`{name}` in {block} is none of {', '.join(known)}")
