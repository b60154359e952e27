# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What fine-tuning and the training of widths are told on the command line, under the document's names."""

from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError, did_you_mean
from common.options import TrainingOptions

import tasks

MODEL_TYPES = ("bert", "tinybert", "ernie", "ppminilm")
SHORTEST = 5  # [CLS] a [SEP] b [SEP]


@dataclass(kw_only=True)
class GlueOptions:
    """The model, the task, its data and the training."""

    model_type: str | None = None
    """bert, tinybert, ernie or ppminilm; the model says it by itself, and another word than that is refused."""
    model_name_or_path: str
    """A model by name or folder."""
    task_name: str
    """SST-2, QNLI, CoLA, MRPC, STS-B, QQP, MNLI or RTE; upper or lower case."""
    data_dir: Path | None = None
    """Folder with SST-2/train.tsv and so on, or with train.tsv; if not given, GLUE is downloaded by PaddleNLP."""
    max_seq_length: int = 128
    """Longest input in tokens; what is longer is cut."""
    batch_size: int = 32
    """Rows per step and process."""
    eval_batch_size: int = 64
    """Rows per evaluation batch."""
    gradient_accumulation_steps: int = 1
    """Batches per optimiser step."""
    learning_rate: float | None = None
    """Highest learning rate; 2e-5 if not given, 3e-4 with --from_scratch."""
    lr_scheduler_type: str = "linear"
    """How the learning rate falls: linear, cosine, constant, constant_with_warmup."""
    warmup_ratio: float = 0.1
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = 0.0
    """Of all weights but biases and layer norms."""
    max_grad_norm: float = 1.0
    """Gradients are clipped to this norm; 0 means never."""
    num_train_epochs: float = 3
    """Passes over the training set."""
    max_steps: int = -1
    """Stop after this many steps instead."""
    logging_steps: int = 10
    """Steps between two log lines."""
    save_steps: int = 100
    """Steps between two evaluations and checkpoints; at the end there is one in any case."""
    output_dir: Path
    """Folder for the trained model."""
    overwrite_output_dir: bool = False
    """Train into a folder that is not empty."""
    n_gpu: int | None = None
    """How many GPUs; 0 is the CPU; if not given, one GPU where there is one."""
    selection_fraction: float = 0.1
    """Share of the training rows that is held back and chooses the checkpoints; with 0 the reported dev set does."""
    seed: int = 42
    """Of weights, dropout and the order of the rows; not of the rows that are held back."""
    resume_from_checkpoint: str | None = None
    """Go on from a step's folder, or from the newest one with `last`."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""
    fp16: bool = False
    """Half precision, on a GPU."""
    bf16: bool = False
    """bfloat16, on a GPU."""
    fp16_opt_level: str = "O1"
    """Mixed-precision level: O1 or O2."""
    report_to: str = "none"
    """none or visualdl."""
    disable_tqdm: bool = False
    """Log lines in place of a progress bar."""

    def __post_init__(self):
        check_type(self.model_type)
        self.task_name = tasks.find(self.task_name).name
        check_length(self.max_seq_length)
        check_gpus(self.n_gpu)
        if not 0 <= self.selection_fraction <= 0.5:
            raise UserError(f"--selection_fraction must be 0 to 0.5, got {self.selection_fraction}")
        for name in ("batch_size", "eval_batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        if self.learning_rate is None and not getattr(self, "from_scratch", False):
            self.learning_rate = 2e-5  # the document's
        self.learning_rate = self.trainer_options().learning_rate  # and what else is to be checked

    def trainer_options(self, **changes) -> TrainingOptions:
        """The same under the names of PaddleNLP's Trainer.

        Raises:
            UserError: a value that the Trainer cannot take.
        """
        same = (
            "output_dir", "overwrite_output_dir", "gradient_accumulation_steps", "learning_rate", "lr_scheduler_type",
            "warmup_ratio", "weight_decay", "max_grad_norm", "num_train_epochs", "max_steps", "logging_steps",
            "save_steps", "seed", "resume_from_checkpoint", "skip_bad_lines", "fp16", "bf16", "fp16_opt_level",
            "report_to", "disable_tqdm",
        )  # fmt: skip
        values = {
            **{name: getattr(self, name) for name in same},
            "device": device_of(self.n_gpu),
            "do_train": True,
            "from_scratch": getattr(self, "from_scratch", False),
            "per_device_train_batch_size": self.batch_size,
            "per_device_eval_batch_size": self.eval_batch_size,
            "save_total_limit": 1,
            "metric_for_best_model": "eval_score",
            "load_best_model_at_end": True,
        }
        return TrainingOptions(**values | changes)

    def same_on_resume(self) -> dict:
        """What a resumed run must not have otherwise, beside what concerns the Trainer."""
        names = ("model_name_or_path", "task_name", "data_dir", "max_seq_length", "selection_fraction")
        return {name: getattr(self, name) for name in names}


def check_type(name: str | None) -> None:
    if name is not None and name not in MODEL_TYPES:
        near = did_you_mean(name, MODEL_TYPES)
        raise UserError(f"--model_type: `{name}`{near}; there are {', '.join(MODEL_TYPES)}")


def check_length(length: int) -> None:
    if length < SHORTEST:
        raise UserError(f"--max_seq_length must be at least {SHORTEST}, got {length}")


def check_gpus(count: int | None) -> None:
    if count is not None and count < 0:
        raise UserError(f"--n_gpu must not be below 0, got {count}; 0 is the CPU")


def device_of(n_gpu: int | None) -> str | None:
    """What `--n_gpu` means for `training.set_device`."""
    return None if n_gpu is None else "gpu" if n_gpu else "cpu"
