# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Checkpoint folders that say by themselves what is in them: sizes, pruned shape, quantisation, step.

`epoch_E_step_S/` holds model.safetensors, optimizer.safetensors, manifest.json and a GPT's vocab.json and merges.txt.
It is written under another name and renamed when it is whole.
"""

import re
import shutil
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from common import files
from common.cli import UserError

from paddle import nn

from fleetx.models import quantize
from fleetx.models.build import build
from fleetx.models.layers import PlainLayers
from fleetx.models.shape import Shape
from fleetx.settings.compress import QuantizationSettings
from fleetx.settings.model import ModelSettings
from fleetx.settings.settings import Settings
from fleetx.state import weights

MANIFEST, WEIGHTS, OPTIMIZER = "manifest.json", "model.safetensors", "optimizer.safetensors"
FORM = 1  # of the manifest
STEP_FOLDER = re.compile(r"epoch_(\d+)_step_(\d+)$")
# What a configuration may say otherwise than the checkpoint: nothing of it changes a weight's shape or meaning.
FREE = {
    "module", "name", "hidden_dropout_prob", "attention_probs_dropout_prob", "initializer_range", "use_recompute",
    "recompute_granularity", "no_recompute_layers", "type_vocab_size", "vocab_size_divisible_unit",
    "scale_qk_by_layer_num",
}  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was opened; its weights are not read yet.

    Attributes:
        quantization: how the layers are fake-quantised; None where they are not.
        progress: step, epoch and what else the engine wrote.
    """

    folder: Path
    model: ModelSettings
    shape: Shape
    quantization: QuantizationSettings | None
    progress: dict[str, Any]

    def arrays(self) -> dict:
        return weights.read(self.folder / WEIGHTS)

    def network(self, settings: ModelSettings | None = None, layers: PlainLayers | None = None) -> nn.Layer:
        """The model with its weights, in evaluation mode.

        Args:
            settings: whose dropout and recomputation are to hold; the checkpoint's own if not given.
            layers: makes the layers that belong to this process; all of them if not given.
        """
        network = build(settings or self.model, self.shape, layers)
        if self.quantization:
            quantize.wrap(network, self.quantization)
        weights.fill(network, network.factory.part(network, self.arrays()), self.folder / WEIGHTS)
        network.eval()
        return network


@dataclass(frozen=True)
class Whole:
    """What is written of a network."""

    shape: Shape
    arrays: dict


def write(
    folder: Path,
    network: nn.Layer | Whole,
    model: ModelSettings,
    quantization: QuantizationSettings | None,
    vocabulary: Any = None,
    optimizer: dict | None = None,
    progress: dict[str, Any] | None = None,
    settings: Settings | None = None,
) -> None:
    """A whole folder, or what was there before.

    Args:
        network: or the shape and the weights of one that is not whole in this process.
        vocabulary: has `save(folder)`; None for a ViT.
        optimizer: arrays by name.
    """
    with files.replacing_folder(folder) as temporary:
        whole = network if isinstance(network, Whole) else Whole(network.shape, weights.arrays_of(network))
        weights.save(whole.arrays, temporary / WEIGHTS)
        if optimizer is not None:
            weights.save(optimizer, temporary / OPTIMIZER)
        if vocabulary is not None:
            vocabulary.save(temporary)
        listed = sorted(path for path in temporary.iterdir())
        manifest = {
            "form": FORM,
            "model": asdict(model),
            "shape": whole.shape.record(),
            "quantization": asdict(quantization) if quantization else None,
            "progress": progress or {},
            "settings": settings.record() if settings else None,
            "commit": files.git_commit(),
            "files": {path.name: files.sha256(path) for path in listed},
        }
        files.write_json(temporary / MANIFEST, manifest)


def find(place: Path | str, key: str = "Engine.save_load.ckpt_dir") -> Path:
    """The folder itself, or the newest checkpoint in an output folder.

    Raises:
        UserError: nothing of the kind.
    """
    place = files.require(place, f"checkpoint folder ({key})")
    if (place / MANIFEST).is_file():
        return place
    found = inside(place)
    if not found:
        raise UserError(f"{key}: {place} holds no checkpoint (a folder epoch_E_step_S with a {MANIFEST})")
    return found[-1]


def inside(place: Path) -> list[Path]:
    """Whole checkpoints of an output folder, the oldest first."""
    steps = {path: STEP_FOLDER.match(path.name) for path in Path(place).glob("epoch_*_step_*")}
    whole = [(int(match[2]), path) for path, match in steps.items() if match and (path / MANIFEST).is_file()]
    return [path for _, path in sorted(whole)]


def keep_newest(place: Path, count: int | None) -> None:
    for old in inside(place)[:-count] if count else []:
        shutil.rmtree(old)


def open_folder(place: Path | str, key: str = "Engine.save_load.ckpt_dir") -> Checkpoint:
    """Read and check the manifest, and that the files are those it was written with.

    Raises:
        UserError: no checkpoint, a manifest of another form, or a file that was changed.
    """
    folder = find(place, key)
    where = folder / MANIFEST
    manifest = files.read_json(where, "manifest")
    if not isinstance(manifest, dict) or manifest.get("form") != FORM:
        raise UserError(f"{where}: not a manifest of form {FORM}; train or convert the model again")
    try:
        model = _dataclass(ModelSettings, manifest["model"])
        quantization = manifest["quantization"] and _dataclass(QuantizationSettings, manifest["quantization"])
        shape, listed = Shape.of_record(manifest["shape"]), manifest["files"]
        if not len(shape.heads) == len(shape.ffn) == model.num_layers:
            raise ValueError("as many heads and channels as layers are needed")
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise UserError(f"{where}: describes no model: {fault}; restore it") from None
    for name, digest in listed.items():
        if files.sha256(files.require(folder / name, "file, though the manifest lists it")) != digest:
            raise UserError(f"{folder / name}: its sha256 is not the manifest's; the file is damaged, restore it")
    return Checkpoint(folder, model, shape, quantization or None, manifest["progress"])


def model_of_record(record: dict) -> ModelSettings:
    """Sizes out of a manifest."""
    return _dataclass(ModelSettings, record)


def _dataclass(kind: type, values: dict):
    known = {field.name for field in fields(kind)}

    def tuples(value):  # JSON has made lists of them
        if isinstance(value, dict):
            return {key: tuples(each) for key, each in value.items()}
        return tuple(value) if isinstance(value, list) else value

    return kind(**{name: tuples(value) for name, value in values.items() if name in known})


def agreed(settings: Settings, found: Checkpoint) -> ModelSettings:
    """The checkpoint's sizes with the configuration's dropout and recomputation.

    Raises:
        UserError: the configuration gives a size and it is another one.
    """
    for field in fields(ModelSettings):
        if field.name in FREE or not settings.given(f"Model.{field.name}"):
            continue
        name = "ffn_size" if field.name == "ffn_hidden_size" else field.name  # which knows what None means
        here, there = getattr(settings.Model, name), getattr(found.model, name)
        unit = settings.Model.vocab_size_divisible_unit if field.name == "vocab_size" else 1
        if -(-here // unit) != -(-there // unit):  # a published 50257 is as good as the 50304 it is padded to
            raise settings.wrong(f"Model.{field.name}", f"is {here}, but {found.folder} has {there}")
    if settings.Model.is_vision != found.model.is_vision:
        raise settings.wrong("Model.module", f"{settings.Model.module}, but {found.folder} is a {found.model.family}")
    ours = {name: getattr(settings.Model, name) for name in FREE - {"type_vocab_size"}}
    return replace(found.model, **ours)
