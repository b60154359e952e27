# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""May a run go on from this checkpoint, and may it write into this folder?"""

import shutil
from pathlib import Path
from typing import Any

from common import files
from common.cli import UserError

from fleetx.settings.settings import Settings
from fleetx.state import checkpoints

PARTS = ".parts"  # where several processes put a network together, in the output folder
# Keys that may change when a run goes on: nothing that is computed depends on them.
FREE = (
    "Global.device", "Global.local_batch_size", "Engine.max_steps", "Engine.num_train_epochs", "Engine.logging_freq",
    "Engine.eval_freq", "Engine.eval_iters", "Engine.visualdl", "Engine.save_load.", "Data.Eval.", "Data.Test.",
    "Offline_Eval.", "Generation.", "Inference.", "Model.module", "Model.name", "Model.use_recompute",
    "Model.recompute_granularity", "Model.no_recompute_layers", "Distributed.", "Tokenizer.", "Compress.pretrained",
)  # fmt: skip


def check_same(settings: Settings, found: checkpoints.Checkpoint) -> None:
    """Raises `UserError` that names the first key by which the checkpoint's run differs, or its missing state."""
    if not (found.folder / checkpoints.OPTIMIZER).is_file():
        raise settings.wrong(
            "Engine.save_load.ckpt_dir",
            f"{found.folder} has no state of an optimiser; to start from its weights, give it as Compress.pretrained",
        )
    before = flat(files.read_json(found.folder / checkpoints.MANIFEST)["settings"])
    now = flat(settings.record())
    for key in sorted(before.keys() & now.keys()):
        if key.startswith(FREE) or before[key] == now[key]:
            continue
        raise settings.wrong(
            key,
            f"is {now[key]}, but {found.folder} comes from a run with {before[key]}; pass -o {key}={before[key]}, or "
            "start anew from its weights by Compress.pretrained",
        )


def flat(values: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Dotted key -> value; tuples as the lists that JSON makes of them."""
    found = {}
    for key, value in values.items():
        if isinstance(value, dict) and key != "skip_tensor_map":
            found |= flat(value, f"{path}{key}.")
        elif isinstance(value, dict):  # its keys are the user's
            found[path + key] = {name: list(entry) for name, entry in value.items()}
        else:
            found[path + key] = list(value) if isinstance(value, tuple) else value
    return found


def check_output(settings: Settings, resumes: bool) -> None:
    """Raises `UserError` where another run's checkpoints are in the way; removes them where that was asked for."""
    how = settings.Engine.save_load
    nearest = next(each for each in (Path(how.output_dir), *Path(how.output_dir).absolute().parents) if each.exists())
    if not nearest.is_dir():
        raise settings.wrong("Engine.save_load.output_dir", f"{nearest} is a file, expected a folder; name another")
    there = checkpoints.inside(how.output_dir)
    if resumes or not there:
        return
    if not how.overwrite:
        raise UserError(
            f"Engine.save_load.output_dir: {how.output_dir} holds {there[-1].name}; go on by -o "
            f"Engine.save_load.ckpt_dir={how.output_dir}, name another folder, or pass -o "
            "Engine.save_load.overwrite=True"
        )
    compress = settings.Compress
    for key, place in (
        ("Compress.pretrained", compress.pretrained),
        ("Compress.Distillation.Teacher.save_load.ckpt_dir", compress.Distillation.Teacher.save_load.ckpt_dir),
    ):
        if place and Path(place).resolve().is_relative_to(Path(how.output_dir).resolve()):
            raise settings.wrong(key, f"{place} lies in the output_dir that is to be overwritten; name another folder")
    for folder in there:
        shutil.rmtree(folder)


def clean(settings: Settings) -> None:
    """Remove parts of a network that processes have left behind when they were killed between two of them."""
    shutil.rmtree(Path(settings.Engine.save_load.output_dir) / PARTS, ignore_errors=True)
