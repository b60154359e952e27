# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which checkpoint an interrupted training goes on from, and whether it may; imports no paddle."""

import os
import shutil
from pathlib import Path

from common import files
from common.cli import UserError, flag_of
from common.train.options import TrainingOptions

CONFIGURATION = "configuration.json"  # what a run was started with, to be compared when it is resumed
# Training options that may change when a run goes on: they do not touch what is computed.
FREE_ON_RESUME = {
    "output_dir", "overwrite_output_dir", "resume_from_checkpoint", "device", "logging_steps", "save_total_limit",
    "disable_tqdm", "report_to", "dataloader_num_workers", "do_eval", "per_device_eval_batch_size", "skip_bad_lines",
}  # fmt: skip
WHOLE = ".whole"  # marks a checkpoint folder in which everything was written
PREFIX = "checkpoint-"  # of the folder of one step, as PaddleNLP's Trainer names it


def is_first_process() -> bool:
    """Of several processes of one training the first one looks after the folders."""
    return not int(os.environ.get("PADDLE_TRAINER_ID", 0))


def check_output_folder(options: TrainingOptions) -> None:
    """Raises `UserError` where something would be overwritten that nobody gave up."""
    folder, going_on = options.output_dir, options.overwrite_output_dir or options.resume_from_checkpoint
    if folder.is_dir() and any(folder.iterdir()) and not going_on:
        raise UserError(f"{folder} is not empty; pass --overwrite_output_dir or --resume_from_checkpoint last")


def last_whole_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end."""
    whole = [path.parent for path in Path(folder).glob(f"{PREFIX}*/{WHOLE}")]
    return max(whole, key=lambda path: int(path.name.removeprefix(PREFIX)), default=None)


def checkpoint_to_resume(options: TrainingOptions, folder: Path | None = None, more: dict | None = None) -> str | None:
    """Where to go on from; clears away checkpoints that a kill left unfinished.

    Args:
        folder: where the checkpoints are; the options' output folder if not given.
        more: further options of the app, under their flags' names, that must be the same in a resumed run.

    Raises:
        UserError: the output folder holds something and neither resuming nor overwriting was asked for, the checkpoint
            named is not whole, or it comes from a run with other options.
    """
    folder = Path(folder or options.output_dir)
    if not is_first_process():
        return _named_checkpoint(options, folder)
    found = _found_checkpoint(options, folder)
    training = {name: value for name, value in options.training_values().items() if name not in FREE_ON_RESUME}
    configuration = {name: str(value) for name, value in {**training, **(more or {})}.items()}
    if found and (folder / CONFIGURATION).exists():
        _check_same(files.read_json(folder / CONFIGURATION), configuration, found, options)
    else:
        files.write_json(folder / CONFIGURATION, configuration)
    return found


def _check_same(before: dict, now: dict, found: str, options: TrainingOptions) -> None:
    for name in sorted(before.keys() & now.keys()):
        if before[name] != now[name]:
            flag = flag_of(options, name)
            raise UserError(
                f"{flag} is {now[name]}, but {found} comes from a run with {before[name]}; to go on with that run "
                f"pass {flag} {before[name]}, to start anew --overwrite_output_dir without --resume_from_checkpoint"
            )


def _named_checkpoint(options: TrainingOptions, folder: Path) -> str | None:
    named = options.resume_from_checkpoint
    if named == "last":
        named = last_whole_checkpoint(folder)
    elif named and not (Path(named) / WHOLE).exists():
        raise UserError(
            f"--resume_from_checkpoint {named}: not a whole checkpoint; the newest whole one is "
            f"{last_whole_checkpoint(folder) or 'not there'}"
        )
    return str(named) if named else None


def _found_checkpoint(options: TrainingOptions, folder: Path) -> str | None:
    if options.resume_from_checkpoint:
        found = _named_checkpoint(options, folder)
        for unfinished in folder.glob(f"{PREFIX}*"):
            if unfinished.is_dir() and not (unfinished / WHOLE).exists():
                shutil.rmtree(unfinished)
        return found
    if folder.is_dir() and any(folder.iterdir()) and not options.overwrite_output_dir:
        raise UserError(f"{folder} is not empty; pass --overwrite_output_dir or --resume_from_checkpoint last")
    for stale in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(stale)
    return None
