# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Options of training and width pruning, under the document's names; the input length that every script checks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from common.cli import UserError
from common.train.options import SHAPE, BestCheckpointOptions, ShapeOptions

SHORTEST = 5  # tokens of the shortest input: [CLS] a [SEP] b [SEP]


@dataclass(kw_only=True)
class AspectData:
    """The model and what it is trained on."""

    base_model_name: str = "ppminilm-6l-768h"
    """A pretrained model by name (ppminilm-6l-768h, skep_ernie_1.0_large_ch) or folder, or a checkpoint of this app."""
    train_path: Path = Path("data/cls_data/train.txt")
    """Training set: label, aspect, text, tab-separated."""
    dev_path: Path = Path("data/cls_data/dev.txt")
    """Development set in the same form; it chooses the checkpoint."""
    label_path: Path = Path("data/cls_data/label.dict")
    """Labels, one a line; the last one is the positive class."""


@dataclass(kw_only=True)
class Options(ShapeOptions, BestCheckpointOptions, AspectData):
    """Train PP-MiniLM (or SKEP) on label, aspect and text."""

    ALIASES: ClassVar[dict[str, str]] = {
        "checkpoints": "output_dir",
        "num_epochs": "num_train_epochs",
        "batch_size": "per_device_train_batch_size",
        "eval_batch_size": "per_device_eval_batch_size",
        "warmup_proportion": "warmup_ratio",
        "log_steps": "logging_steps",
        "eval_steps": "save_steps",  # there is a checkpoint whenever there is an evaluation
    }
    NOT_OFFERED: ClassVar[frozenset[str]] = BestCheckpointOptions.NOT_OFFERED - {"from_scratch"} | {
        "gradient_accumulation_steps", "lr_scheduler_type", "bf16", "fp16_opt_level", "report_to",
    }  # fmt: skip
    FINE_TUNING_RATE: ClassVar[float] = 3e-5  # the document's

    output_dir: Path = Path("checkpoints/pp_checkpoints")
    """Folder for the trained model."""
    per_device_train_batch_size: int = 16
    """Rows per step and process."""
    max_seq_len: int = 256
    """Longest input in tokens; the longer of aspect and text is cut."""
    learning_rate: float | None = None
    """Highest learning rate; 3e-5 if not given, 3e-4 with --from_scratch."""
    weight_decay: float = 0.01
    """Of all weights but biases and layer norms."""
    warmup_ratio: float = 0.1
    """Share of the steps in which the learning rate rises."""
    logging_steps: int = 50
    """Steps between two log lines."""
    seed: int = 1000
    """Of weights, dropout and the order of the rows."""
    warm_start_epochs: int = 0
    """With --from_scratch: passes in which a bag-of-words classifier teaches the word table first; seconds each."""
    metric_for_best_model: str | None = "eval_f1"

    def __post_init__(self):
        check_max_seq_len(self.max_seq_len)
        super().__post_init__()
        self.check_shape()
        if self.warm_start_epochs and (not self.from_scratch or self.warm_start_epochs < 1):
            raise UserError(f"--warm_start_epochs {self.warm_start_epochs}: needs --from_scratch and at least 1")

    def same_on_resume(self) -> dict[str, Any]:
        """What a resumed run must not have otherwise, beside the training options."""
        names = ("base_model_name", "train_path", "label_path", "max_seq_len", *SHAPE, "warm_start_epochs")
        return {name: getattr(self, name) for name in names}


def check_max_seq_len(length: int) -> None:
    """Raises `UserError` for an input length, in tokens, that no pair of texts fits into."""
    if length < SHORTEST:
        raise UserError(f"--max_seq_len must be at least {SHORTEST}, got {length}")
