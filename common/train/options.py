# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The training options of all apps, declared once under the names of PaddleNLP's Trainer.

An app's options are a subclass that states other defaults and, where its document spells a flag in another way, the
spelling: see `ALIASES` and `NOT_OFFERED` in `common.cli`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

from common.cli import UserError, flag_of
from common.models.sizes import HEAD

FROM_SCRATCH_RATE = 3e-4  # the learning rate for random weights, if none is given
CHOICES = {
    "lr_scheduler_type": ("linear", "cosine", "constant", "constant_with_warmup"),
    "report_to": ("none", "visualdl"),
    "fp16_opt_level": ("O1", "O2"),
}
SHAPE = ("num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size")
NOT_FOR_THE_TRAINER = ("device", "from_scratch", "skip_bad_lines", "learning_rate")


@dataclass(kw_only=True)
class TrainingOptions:
    """What the Trainer needs; an app's options add its data and its model."""

    output_dir: Path
    """Folder for checkpoints and what is made from them."""
    overwrite_output_dir: bool = False
    """Train into a folder that is not empty."""
    device: str | None = None
    """cpu, gpu or xpu; if not given, a GPU where there is one."""
    do_train: bool = False
    """Fine-tune."""
    do_eval: bool = False
    """Report the metrics on the development set."""
    from_scratch: bool = False
    """Build the named architecture with random weights and a vocabulary from the training text."""
    num_train_epochs: float = 10
    """Passes over the training set."""
    max_steps: int = -1
    """Stop after this many steps instead."""
    per_device_train_batch_size: int = 32
    """Rows per step and process."""
    per_device_eval_batch_size: int = 32
    """Rows per evaluation batch."""
    gradient_accumulation_steps: int = 1
    """Batches per optimiser step."""
    learning_rate: float | None = None
    """Highest learning rate; 5e-5 if not given, 3e-4 with --from_scratch."""
    lr_scheduler_type: str = "linear"
    """How the learning rate falls: linear, cosine, constant, constant_with_warmup."""
    warmup_ratio: float = 0.0
    """Share of the steps in which the learning rate rises."""
    warmup_steps: int = 0
    """The same as a number of steps; wins over the share."""
    weight_decay: float = 0.0
    """Of all weights but biases and layer norms."""
    max_grad_norm: float = 1.0
    """Gradients are clipped to this norm; 0 means never."""
    logging_steps: int = 100
    """Steps between two log lines."""
    save_steps: int = 100
    """Steps between two checkpoints; a multiple of --eval_steps."""
    eval_steps: int | None = None
    """Steps between two evaluations; --save_steps if not given."""
    save_total_limit: int | None = None
    """Checkpoints to keep; the best one always stays."""
    load_best_model_at_end: bool = False
    """End with the best checkpoint instead of the last."""
    metric_for_best_model: str | None = None
    """Metric that decides which checkpoint is best, for example eval_accuracy."""
    greater_is_better: bool | None = None
    """Whether more of that metric is better; if not given, yes unless it is a loss."""
    resume_from_checkpoint: str | None = None
    """Go on from a step's folder, or from the newest whole one with `last`."""
    seed: int = 42
    """Of weights, data order and dropout."""
    fp16: bool = False
    """Half precision on GPU."""
    bf16: bool = False
    """bfloat16 on GPU."""
    fp16_opt_level: str = "O1"
    """Mixed-precision level: O1 or O2."""
    dataloader_num_workers: int = 0
    """Processes that prepare batches; 0 means the training process itself."""
    disable_tqdm: bool = False
    """Log lines in place of a progress bar."""
    report_to: str = "none"
    """none or visualdl."""
    label_names: tuple[str, ...] = ()
    """Names of the label columns in a batch."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""

    FINE_TUNING_RATE: ClassVar[float] = 5e-5  # the learning rate for pretrained weights, if none is given

    def __post_init__(self):
        if self.eval_steps is None:
            self.eval_steps = self.save_steps
        if self.learning_rate is None:
            self.learning_rate = FROM_SCRATCH_RATE if self.from_scratch else self.FINE_TUNING_RATE
        self._check_numbers()
        for name, allowed in CHOICES.items():
            one_of(self, name, allowed)
        if self.fp16 and self.bf16:
            raise UserError("--fp16 and --bf16 exclude each other")
        if self.load_best_model_at_end and not self.metric_for_best_model:
            raise UserError("--load_best_model_at_end needs --metric_for_best_model, for example eval_accuracy")

    def _check_numbers(self) -> None:
        at_least(self, 1, "per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps")
        at_least(self, 1, "logging_steps", "save_steps", "save_total_limit")
        if self.eval_steps < 1 or self.save_steps % self.eval_steps:
            raise UserError(
                f"{flag_of(self, 'save_steps')} {self.save_steps} must be a multiple of "
                f"{flag_of(self, 'eval_steps')} {self.eval_steps}"
            )
        if self.max_steps <= 0:
            above_zero(self, "num_train_epochs")
        above_zero(self, "learning_rate")
        if not 0 <= self.warmup_ratio < 1:
            raise UserError(f"{flag_of(self, 'warmup_ratio')} must be in [0, 1), got {self.warmup_ratio}")
        not_negative(self, "seed", "warmup_steps", "weight_decay", "max_grad_norm", "dataloader_num_workers")

    def training_values(self) -> dict[str, Any]:
        """The values of the fields of `TrainingOptions`, without those that an app's subclass adds."""
        return {f.name: getattr(self, f.name) for f in fields(TrainingOptions)}

    def trainer_values(self) -> dict[str, Any]:
        """The fields that PaddleNLP's TrainingArguments know, by name."""
        values = {name: value for name, value in self.training_values().items() if name not in NOT_FOR_THE_TRAINER}
        values |= {
            "output_dir": str(self.output_dir),
            "learning_rate": self.learning_rate,
            "label_names": list(self.label_names) or None,
            "report_to": [] if self.report_to == "none" else [self.report_to],
            "resume_from_checkpoint": None,
            "do_train": True,
            "do_eval": True,
            "overwrite_output_dir": True,
            "evaluation_strategy": "steps",
            "save_strategy": "steps",
        }
        if self.metric_for_best_model and self.greater_is_better is None:
            values["greater_is_better"] = not self.metric_for_best_model.endswith("loss")
        return values


@dataclass(kw_only=True)
class BestCheckpointOptions(TrainingOptions):
    """Training that ends with its best checkpoint, by `metric_for_best_model`; apps state the metric.

    What follows from that is no flag; nor are a few others that no document but one has.
    """

    NOT_OFFERED: ClassVar[frozenset[str]] = frozenset({
        "do_train", "do_eval", "from_scratch", "eval_steps", "warmup_steps", "save_total_limit",
        "load_best_model_at_end", "metric_for_best_model", "greater_is_better", "dataloader_num_workers", "label_names",
    })  # fmt: skip

    do_train: bool = True
    """Fine-tune."""
    save_total_limit: int | None = 1
    """Checkpoints to keep; the best one always stays."""
    load_best_model_at_end: bool = True
    """End with the best checkpoint instead of the last."""
    per_device_eval_batch_size: int = 64
    """Rows per evaluation batch."""
    save_steps: int = 500
    """Steps between two evaluations and checkpoints; at the end there is one in any case."""


@dataclass(kw_only=True)
class ShapeOptions:
    """A smaller architecture of the named kind, with random weights; to be mixed into a class of `TrainingOptions`.

    Put this before those among the base classes, so that `--help` lists these flags last.
    """

    num_hidden_layers: int | None = None
    """With --from_scratch: layers, where they are to be others than in the named architecture."""
    hidden_size: int | None = None
    """With --from_scratch: features of a token; feed-forward layers have 4 times as many."""
    num_attention_heads: int | None = None
    """With --from_scratch: heads per layer; if not given but --hidden_size is, as many as have 64 features each."""
    vocab_size: int | None = None
    """With --from_scratch: rows of the word table, where they are to be others than in the named architecture."""

    def shape(self) -> dict[str, int | None]:
        """The sizes that `encoders.build` takes."""
        return {name: getattr(self, name) for name in SHAPE}

    def check_shape(self) -> None:
        """Raises `UserError` for sizes below 1 or without `--from_scratch`, and for features that no heads share."""
        for name, value in self.shape().items():
            if value is not None and (not self.from_scratch or value < 1):
                raise UserError(f"--{name} {value}: needs --from_scratch and at least 1")
        if self.hidden_size is None:
            return
        if self.num_attention_heads is None and self.hidden_size % HEAD:
            raise UserError(
                f"--hidden_size {self.hidden_size} is no multiple of {HEAD}, the size of one head; for heads of "
                "another size give --num_attention_heads"
            )
        if self.num_attention_heads is not None and self.hidden_size % self.num_attention_heads:
            raise UserError(
                f"--num_attention_heads {self.num_attention_heads}: cannot share {self.hidden_size} features"
            )


def at_least(options: Any, smallest: int, *names: str) -> None:
    """Raises `UserError` naming the flag where one of the fields is below `smallest`; None is not looked at."""
    for name in names:
        value = getattr(options, name)
        if value is not None and value < smallest:
            raise UserError(f"{flag_of(options, name)} must be at least {smallest}, got {value}")


def not_negative(options: Any, *names: str) -> None:
    """Raises `UserError` naming the flag where one of the fields is below 0 or not a number."""
    for name in names:
        if not getattr(options, name) >= 0:
            raise UserError(f"{flag_of(options, name)} must not be below 0, got {getattr(options, name)}")


def above_zero(options: Any, name: str) -> None:
    """Raises `UserError` naming the flag where the field is 0 or below, infinite or not a number."""
    if not 0 < getattr(options, name) < float("inf"):
        raise UserError(f"{flag_of(options, name)} must be above 0, got {getattr(options, name)}")


def one_of(options: Any, name: str, allowed: Iterable[str]) -> None:
    """Raises `UserError` naming the flag where the field has none of the allowed values."""
    if getattr(options, name) not in allowed:
        raise UserError(f"{flag_of(options, name)} must be one of {', '.join(allowed)}, got {getattr(options, name)}")


def check_widths(widths: tuple[float, ...], flag: str = "--width_mult_list") -> None:
    """Raises `UserError` for an empty list, a width outside (0, 1] or one given twice."""
    if not widths:
        raise UserError(f"{flag} needs at least one width, for example {flag} 0.75")
    for width in widths:
        if not 0 < width <= 1:
            raise UserError(f"{flag}: {width:g} is not in (0, 1]")
    if len(set(widths)) < len(widths):
        raise UserError(f"{flag}: {' '.join(f'{w:g}' for w in widths)} names a width twice")
