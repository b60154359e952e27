# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What both trainings are told on the command line, under the document's names."""

from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError, did_you_mean
from common.options import TrainingOptions

from windows import check_length

TASKS = ("msra", "msra_ner")
TYPES = ("bert", "ernie")


@dataclass(kw_only=True)
class NerOptions:
    """The data, the input length and the training."""

    task_name: str = "msra"
    """The task: msra."""
    data_dir: Path | None = None
    """Folder with train.txt, label.txt and perhaps dev.txt; if not given, the published MSRA set from the hub."""
    dev_path: Path | None = None
    """Development set, which chooses the checkpoint; if not given, dev.txt of --data_dir or a part of train.txt."""
    dev_fraction: float = 0.1
    """Share of the training set that becomes the development set where there is no file of one."""
    split_seed: int = 2018
    """Which sentences these are; the same in the teacher's training and in the compression."""
    output_dir: Path
    """Folder for the trained models."""
    overwrite_output_dir: bool = False
    """Train into a folder that is not empty."""
    max_seq_length: int = 128
    """Longest input in tokens; longer sentences are read in overlapping windows, none is cut."""
    batch_size: int = 32
    """Sentences per step and process."""
    eval_batch_size: int = 64
    """Sentences per evaluation batch."""
    gradient_accumulation_steps: int = 1
    """Batches per optimiser step."""
    learning_rate: float | None = None
    """Highest learning rate; 5e-5 if not given, 3e-4 with --from_scratch."""
    lr_scheduler_type: str = "linear"
    """How the learning rate falls: linear, cosine, constant, constant_with_warmup."""
    warmup_ratio: float = 0.0
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = 0.0
    """Of all weights but biases and layer norms."""
    max_grad_norm: float = 1.0
    """Gradients are clipped to this norm."""
    num_train_epochs: float = 3
    """Passes over the training set."""
    max_steps: int = -1
    """Stop after this many steps instead."""
    logging_steps: int = 100
    """Steps between two log lines."""
    save_steps: int = 500
    """Steps between two evaluations and checkpoints; at the end there is one in any case."""
    device: str | None = None
    """cpu, gpu or xpu; if not given, a GPU where there is one."""
    seed: int = 42
    """Of weights, dropout and the order of the sentences."""
    fp16: bool = False
    """Half precision, on a GPU."""
    bf16: bool = False
    """bfloat16, on a GPU."""
    fp16_opt_level: str = "O1"
    """Mixed-precision level: O1 or O2."""
    report_to: str = "none"
    """none or visualdl."""
    resume_from_checkpoint: str | None = None
    """Go on from a step's folder, or from the newest one with `last`."""
    disable_tqdm: bool = False
    """Log lines in place of a progress bar."""
    skip_bad_lines: bool = False
    """Leave sentences with faulty lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        check_task(self.task_name)
        check_length(self.max_seq_length)
        if not 0 < self.dev_fraction < 1:
            raise UserError(f"--dev_fraction must be in (0, 1), got {self.dev_fraction}")
        for name in ("batch_size", "eval_batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        self.learning_rate = self.trainer_options().learning_rate  # and what else is to be checked

    def trainer_options(self) -> TrainingOptions:
        """The same under the names of PaddleNLP's Trainer.

        Raises:
            UserError: a value that the Trainer cannot take.
        """
        same = (
            "output_dir", "overwrite_output_dir", "gradient_accumulation_steps", "learning_rate", "lr_scheduler_type",
            "warmup_ratio", "weight_decay", "max_grad_norm", "num_train_epochs", "max_steps", "logging_steps",
            "save_steps", "device", "seed", "fp16", "bf16", "fp16_opt_level", "report_to", "resume_from_checkpoint",
            "disable_tqdm", "skip_bad_lines",
        )  # fmt: skip
        return TrainingOptions(
            **{name: getattr(self, name) for name in same},
            do_train=True,
            from_scratch=getattr(self, "from_scratch", False),
            per_device_train_batch_size=self.batch_size,
            per_device_eval_batch_size=self.eval_batch_size,
            save_total_limit=1,
            metric_for_best_model="eval_f1",
            load_best_model_at_end=True,
        )


def check_task(name: str) -> None:
    if name.lower() not in TASKS:
        raise UserError(f"--task_name `{name}`{did_you_mean(name, TASKS)}; there is msra")


def check_type(name: str) -> None:
    if name not in TYPES:
        raise UserError(f"--model_type `{name}`{did_you_mean(name, TYPES)}; there are {', '.join(TYPES)}")
