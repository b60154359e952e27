# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What training and width pruning are told on the command line, and the input length that every script checks."""

from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError
from common.train.options import FROM_SCRATCH_RATE, ShapeOptions, TrainingOptions

LEARNING_RATE = 3e-5  # the document's, for pretrained weights
SHORTEST = 5  # tokens of the shortest input: [CLS] a [SEP] b [SEP]


@dataclass(kw_only=True)
class Options(ShapeOptions):
    """Train PP-MiniLM (or SKEP) on label, aspect and text."""

    base_model_name: str = "ppminilm-6l-768h"
    """A pretrained model by name (ppminilm-6l-768h, skep_ernie_1.0_large_ch) or folder, or a checkpoint of this app."""
    train_path: Path = Path("data/cls_data/train.txt")
    """Training set: label, aspect, text, tab-separated."""
    dev_path: Path = Path("data/cls_data/dev.txt")
    """Development set in the same form; it chooses the checkpoint."""
    label_path: Path = Path("data/cls_data/label.dict")
    """Labels, one a line; the last one is the positive class."""
    checkpoints: Path = Path("checkpoints/pp_checkpoints")
    """Folder for the trained model."""
    num_epochs: float = 10
    """Passes over the training set."""
    max_steps: int = -1
    """Stop after this many steps instead."""
    batch_size: int = 16
    """Rows per step and process."""
    eval_batch_size: int = 64
    """Rows per evaluation batch."""
    max_seq_len: int = 256
    """Longest input in tokens; the longer of aspect and text is cut."""
    learning_rate: float | None = None
    """Highest learning rate; 3e-5 if not given, 3e-4 with --from_scratch."""
    weight_decay: float = 0.01
    """Of all weights but biases and layer norms."""
    max_grad_norm: float = 1.0
    """Gradients are clipped to this norm."""
    warmup_proportion: float = 0.1
    """Share of the steps in which the learning rate rises."""
    log_steps: int = 50
    """Steps between two log lines."""
    eval_steps: int = 500
    """Steps between two evaluations and checkpoints; at the end there is one in any case."""
    seed: int = 1000
    """Of weights, dropout and the order of the rows."""
    device: str | None = None
    """cpu, gpu or xpu; if not given, a GPU where there is one."""
    warm_start_epochs: int = 0
    """With --from_scratch: passes in which a bag-of-words classifier teaches the word table first; seconds each."""
    resume_from_checkpoint: str | None = None
    """Go on from a step's folder, or from the newest one with `last`."""
    overwrite_output_dir: bool = False
    """Train into a folder that is not empty."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""
    disable_tqdm: bool = False
    """Log lines in place of a progress bar."""
    fp16: bool = False
    """Half precision, on a GPU."""

    def __post_init__(self):
        check_max_seq_len(self.max_seq_len)
        for name in ("batch_size", "eval_batch_size", "log_steps", "eval_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        self.check_shape()
        if self.warm_start_epochs and (not self.from_scratch or self.warm_start_epochs < 1):
            raise UserError(f"--warm_start_epochs {self.warm_start_epochs}: needs --from_scratch and at least 1")
        if not 0 <= self.warmup_proportion < 1:
            raise UserError(f"--warmup_proportion must be in [0, 1), got {self.warmup_proportion}")
        if self.learning_rate is None:
            self.learning_rate = FROM_SCRATCH_RATE if self.from_scratch else LEARNING_RATE
        trainer_options(self)  # what is left to check


def trainer_options(options: Options, **changes) -> TrainingOptions:
    """The same under the names of PaddleNLP's Trainer.

    Raises:
        UserError: a value that the Trainer cannot take.
    """
    values = {
        "output_dir": options.checkpoints,
        "overwrite_output_dir": options.overwrite_output_dir,
        "device": options.device,
        "do_train": True,
        "num_train_epochs": options.num_epochs,
        "max_steps": options.max_steps,
        "per_device_train_batch_size": options.batch_size,
        "per_device_eval_batch_size": options.eval_batch_size,
        "learning_rate": options.learning_rate,
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.max_grad_norm,
        "warmup_ratio": options.warmup_proportion,
        "logging_steps": options.log_steps,
        "save_steps": options.eval_steps,
        "save_total_limit": 1,
        "metric_for_best_model": "eval_f1",
        "load_best_model_at_end": True,
        "resume_from_checkpoint": options.resume_from_checkpoint,
        "seed": options.seed,
        "fp16": options.fp16,
        "disable_tqdm": options.disable_tqdm,
    }
    return TrainingOptions(**values | changes)


def check_max_seq_len(length: int) -> None:
    """Raises `UserError` for an input length, in tokens, that no pair of texts fits into."""
    if length < SHORTEST:
        raise UserError(f"--max_seq_len must be at least {SHORTEST}, got {length}")
