# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""PaddleNLP's Trainer, made to end with what it measured, to survive a kill, and to resume exactly."""

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from common import files
from common.cli import EnvironmentLacks, UserError
from common.train.options import TrainingOptions

import numpy as np
import paddle
from paddle.io import DistributedBatchSampler
from paddlenlp.trainer import Trainer, TrainerCallback, TrainingArguments
from paddlenlp.trainer.trainer import TRAINER_STATE_NAME
from paddlenlp.utils.log import logger

CONFIGURATION = "configuration.json"  # what a run was started with, to be compared when it is resumed
# Options that may change when a run goes on: they do not touch what is computed.
FREE_ON_RESUME = {
    "output_dir", "overwrite_output_dir", "resume_from_checkpoint", "device", "logging_steps", "save_total_limit",
    "disable_tqdm", "report_to", "dataloader_num_workers", "do_eval", "do_export", "input_dtype", "dev_path",
    "per_device_eval_batch_size", "skip_bad_lines", "gate_engines",
}  # fmt: skip
PARAMETERS = "parameters.json"  # Paddle's names of the weights, under which the optimiser's state is saved
WHOLE = ".whole"  # marks a checkpoint folder in which everything was written
PREFIX = "checkpoint-"


class SeededSampler(DistributedBatchSampler):
    """Batches in an order that depends on seed and epoch only, so that a resumed run sees what it would have.

    Rows of similar length stand together: of a few dozen shuffled batches the rows are sorted by `lengths` and dealt
    out again, and the batches are shuffled. On short sentences that saves a third of the time, all of it padding.

    Several processes share each batch, so that they learn what one process with the sum of their rows would; where the
    last rows do not go round, a few of them count twice.

    Args:
        batch_size: rows per process.
        lengths: tokens per row.
        multiple: batches per optimiser step. The few (other ones in each epoch) that make no whole step are left out:
            the Trainer would carry their gradients into the next epoch, and a run resumed there would not have them.
    """

    GROUP = 32  # batches that are sorted together

    def __init__(
        self,
        dataset,
        batch_size: int,
        lengths: Sequence[int],
        seed: int,
        replicas: int = 1,
        rank: int = 0,
        multiple: int = 1,
    ):
        super().__init__(dataset, batch_size, num_replicas=replicas, rank=rank, shuffle=True)
        self.lengths, self.seed, self.multiple = np.asarray(lengths), seed, multiple

    def __iter__(self):
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(len(self.lengths))
        size = self.batch_size * self.nranks
        span = self.GROUP * size
        groups = [order[start : start + span] for start in range(0, len(order), span)]
        order = np.concatenate([group[np.argsort(self.lengths[group], kind="stable")] for group in groups])
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        for place in random.permutation(len(batches))[: len(self)]:
            rows = batches[place]
            rows = np.resize(rows, len(rows) + -len(rows) % self.nranks)  # begins anew after its last row
            yield rows[self.local_rank :: self.nranks].tolist()

    def __len__(self):
        count = -(-len(self.lengths) // (self.batch_size * self.nranks))
        return count - count % self.multiple if count > self.multiple else count


class LastStep(TrainerCallback):
    """Evaluate and save at the last step too: a short run would otherwise end with nothing, a long one unjudged."""

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step >= state.max_steps:
            control.should_evaluate = control.should_save = True
        return control


class SeedEachStep(TrainerCallback):
    """Random numbers that depend on seed and step only, so that a resumed run draws what it would have.

    The Trainer's own way, to save the generators' state, fails on Paddle 2.6: a saved state of the CPU's generator
    comes back as another one.
    """

    def on_step_begin(self, args, state, control, **kwargs):
        sequence = np.random.SeedSequence([args.seed, state.global_step, max(0, args.process_index)])
        seed_everything(int(sequence.generate_state(1)[0]))


class LogLines(TrainerCallback):
    """A line per log entry where there is no progress bar; PaddleNLP's own goes through its log, which is quiet."""

    def on_log(self, args, state, control, logs=None, **kwargs):
        if state.is_local_process_zero and logs:
            figures = "  ".join(f"{k} {v:.6g}" for k, v in logs.items() if isinstance(v, (int, float)))
            print(f"step {state.global_step} of {state.max_steps}: {figures}", flush=True)


class RecipeTrainer(Trainer):
    """The Trainer of all apps. Subclasses give `outputs_and_loss`; `compute_metrics` judges what `kept` leaves of it.

    `label_names[0]` is the entry of a batch that `compute_metrics` gets beside the outputs: labels, or row numbers.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.args.disable_tqdm:
            self.add_callback(LogLines)
        self.add_callback(LastStep)
        self.add_callback(SeedEachStep)

    def outputs_and_loss(self, model, inputs: dict) -> tuple[tuple, paddle.Tensor]:
        """The model's outputs for one batch, as a tuple, and the scalar loss on the labels."""
        raise NotImplementedError

    def kept(self, outputs: tuple):
        """What an evaluation keeps of one batch's outputs for `compute_metrics`."""
        return outputs[0] if len(outputs) == 1 else outputs

    def compute_loss(self, model, inputs, return_outputs=False):
        outputs, loss = self.outputs_and_loss(model, inputs)
        return (loss, (loss, *outputs)) if return_outputs else loss

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        inputs = self._prepare_inputs(inputs)
        with paddle.no_grad():
            outputs, loss = self.outputs_and_loss(model, inputs)
        return loss.detach(), self.kept(outputs), inputs[self.label_names[0]]

    def _inner_training_loop(self, args, model, dataloader, batches, max_steps, epochs, *rest):
        # The Trainer asks whether it is done only after a step: a resumed run that was done would train one step more.
        checkpoint = rest[2]
        if checkpoint and files.read_json(Path(checkpoint) / TRAINER_STATE_NAME)["global_step"] >= max_steps:
            epochs = 0
        return super()._inner_training_loop(args, model, dataloader, batches, max_steps, epochs, *rest)

    def row_length(self, row) -> int:
        """Tokens of a training row, for batches of similar length; 0 where an app's rows have no length."""
        return len(getattr(row, "ids", ()))

    def _get_train_sampler(self):
        return SeededSampler(
            self.train_dataset,
            self.args.per_device_train_batch_size,
            [self.row_length(row) for row in self.train_dataset],
            self.args.seed,
            max(1, self.args.dataset_world_size),
            self.args.dataset_rank,
            self.args.gradient_accumulation_steps,
        )

    def training_step(self, model, inputs):
        loss = super().training_step(model, inputs)
        self.check_finite(loss)
        return loss

    def check_finite(self, loss) -> None:
        """Raises `UserError` with the step where the loss has become infinite or not a number."""
        if not math.isfinite(float(loss)):
            step = self.state.global_step + 1
            raise UserError(f"the loss is {float(loss)} at step {step}; lower --learning_rate or look at the data")

    def _load_optimizer_and_scheduler(self, checkpoint):
        # Paddle numbers weights as a process makes them (linear_7.w_0) and files the optimiser's state under these
        # numbers; a resumed run may have made other models before this one.
        if checkpoint and (Path(checkpoint) / PARAMETERS).exists():
            before = files.read_json(Path(checkpoint) / PARAMETERS)
            now = self.parameter_names()
            names = {before[name]: now[name] for name in before.keys() & now.keys()}
            load = self.optimizer.set_state_dict
            self.optimizer.set_state_dict = lambda state: load(renamed(state, names))
        super()._load_optimizer_and_scheduler(checkpoint)
        self.optimizer.__dict__.pop("set_state_dict", None)

    def parameter_names(self) -> dict[str, str]:
        """Place of each weight in the model to Paddle's own name of it."""
        return {name: parameter.name for name, parameter in self.model.named_parameters()}

    def _save_checkpoint(self, model, metrics=None):
        super()._save_checkpoint(model, metrics)
        if self.args.should_save:
            folder = Path(self.args.output_dir) / f"{PREFIX}{self.state.global_step}"
            files.write_json(folder / PARAMETERS, self.parameter_names())
            # Everything of the new one is on disk; only now may older ones go. PaddleNLP itself deletes them on process
            # 0 of several only, never in a run of one process.
            (folder / WHOLE).touch()
            super()._rotate_checkpoints(use_mtime=True, output_dir=self.args.output_dir)

    def _rotate_checkpoints(self, use_mtime=False, output_dir=None):
        """Left to `_save_checkpoint`, which knows when a checkpoint is whole."""


def renamed(state: dict, names: dict[str, str]) -> dict:
    """An optimiser's state (`<weight>_moment1_0`, …, `master_weights`) under other names of the weights."""
    result = {}
    for key, value in state.items():
        if key == "master_weights":
            value = {names.get(name, name): weight for name, weight in value.items()}
        owner = max((name for name in names if key.startswith(f"{name}_")), key=len, default="")
        result[names.get(owner, owner) + key.removeprefix(owner)] = value
    return result


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
    every = {**asdict(options), **(more or {})}
    configuration = {k: str(v) for k, v in every.items() if k not in FREE_ON_RESUME}
    if found and (folder / CONFIGURATION).exists():
        _check_same(files.read_json(folder / CONFIGURATION), configuration, found)
    else:
        files.write_json(folder / CONFIGURATION, configuration)
    return found


def _check_same(before: dict, now: dict, found: str) -> None:
    for name in sorted(before.keys() & now.keys()):
        if before[name] != now[name]:
            raise UserError(
                f"--{name} is {now[name]}, but {found} comes from a run with {before[name]}; to go on with that run "
                f"pass --{name} {before[name]}, to start anew --overwrite_output_dir without --resume_from_checkpoint"
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


def set_device(device: str | None, preferred: str = "gpu") -> str:
    """Choose the device; one that was asked for by name must be there.

    Raises:
        EnvironmentLacks: this build of Paddle or this machine has no such device.
        UserError: not a device.
    """
    there = {"cpu": True, "gpu": paddle.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0}
    there["xpu"] = paddle.is_compiled_with_xpu()
    if device is None:
        device = preferred if there[preferred] else "cpu"
    elif device.split(":")[0] not in there:
        raise UserError(f"--device must be cpu, gpu or xpu, got {device}")
    elif not there[device.split(":")[0]]:
        raise EnvironmentLacks(f"--device {device}: this Paddle or this machine has none; pass --device cpu")
    paddle.set_device(device)
    return device


def arguments(options: TrainingOptions, **overrides) -> TrainingArguments:
    """PaddleNLP's arguments from ours; also quiets its log, whose lines would break the progress bars."""
    logger.set_level("WARNING")
    device = set_device(options.device)
    return TrainingArguments(**options.trainer_values() | {"device": device} | overrides)


def seed_everything(seed: int) -> None:
    import random

    random.seed(seed)
    np.random.seed(seed)
    paddle.seed(seed)
