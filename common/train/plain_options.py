# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training options under the plain names of two documents: `--batch_size`, not `--per_device_train_batch_size`."""

from dataclasses import dataclass, fields
from pathlib import Path

from common.cli import UserError
from common.train.options import TrainingOptions

RENAMED = {"batch_size": "per_device_train_batch_size", "eval_batch_size": "per_device_eval_batch_size"}


@dataclass(kw_only=True)
class PlainOptions:
    """What a training is told beside its model and data. To be listed before an app's options of those in the bases of
    a class, which may state other defaults: `--help` then begins with the app's."""

    output_dir: Path
    """Folder for what is trained."""
    overwrite_output_dir: bool = False
    """Train into a folder that is not empty."""
    max_seq_length: int = 128
    """Longest input in tokens."""
    batch_size: int = 32
    """Rows per step and process."""
    eval_batch_size: int = 64
    """Rows per evaluation batch."""
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
    """Gradients are clipped to this norm; 0 means never."""
    num_train_epochs: float = 3
    """Passes over the training set."""
    max_steps: int = -1
    """Stop after this many steps instead."""
    logging_steps: int = 100
    """Steps between two log lines."""
    save_steps: int = 500
    """Steps between two evaluations and checkpoints; at the end there is one in any case."""
    seed: int = 42
    """Of weights, dropout and the order of the rows."""
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

    def check_batches(self) -> None:
        """Raises `UserError` for a batch size below 1."""
        for name in RENAMED:
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")

    def for_trainer(self, device: str | None, metric: str) -> TrainingOptions:
        """The same under the names of PaddleNLP's Trainer, with the best checkpoint by `metric` at the end.

        Raises:
            UserError: a value that the Trainer cannot take.
        """
        names = [field.name for field in fields(PlainOptions) if field.name != "max_seq_length"]
        return TrainingOptions(
            **{RENAMED.get(name, name): getattr(self, name) for name in names},
            device=device,
            do_train=True,
            from_scratch=getattr(self, "from_scratch", False),
            save_total_limit=1,
            metric_for_best_model=metric,
            load_best_model_at_end=True,
        )
