# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The training options that every app has, under the names of PaddleNLP's Trainer."""

from dataclasses import dataclass, fields
from pathlib import Path

from common.cli import UserError

FINE_TUNING_RATE, FROM_SCRATCH_RATE = 5e-5, 3e-4
CHOICES = {
    "lr_scheduler_type": ("linear", "cosine", "constant", "constant_with_warmup"),
    "report_to": ("none", "visualdl"),
    "fp16_opt_level": ("O1", "O2"),
}
SHAPE = ("num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size")
HEAD = 64  # features of a head, as in every published model of these families
NOT_FOR_THE_TRAINER = ("device", "from_scratch", "skip_bad_lines", "learning_rate")


@dataclass(kw_only=True)
class TrainingOptions:
    """What the Trainer needs; an app's options add its data and its model."""

    output_dir: Path
    """Folder for checkpoints and what is made from them."""
    overwrite_output_dir: bool = False
    """Train into an output folder that is not empty."""
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
    """A checkpoint folder to go on from; `last` takes the newest whole one in --output_dir."""
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
    """No progress bars."""
    report_to: str = "none"
    """none or visualdl."""
    label_names: tuple[str, ...] = ()
    """Names of the label columns in a batch."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        for name in ("per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        for name in ("logging_steps", "save_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        if self.eval_steps is None:
            self.eval_steps = self.save_steps
        if self.eval_steps < 1 or self.save_steps % self.eval_steps:
            raise UserError(f"--save_steps {self.save_steps} must be a multiple of --eval_steps {self.eval_steps}")
        if not self.num_train_epochs > 0 and self.max_steps <= 0:
            raise UserError(f"--num_train_epochs must be above 0, got {self.num_train_epochs}")
        if self.learning_rate is None:
            self.learning_rate = FROM_SCRATCH_RATE if self.from_scratch else FINE_TUNING_RATE
        if not 0 < self.learning_rate < float("inf"):
            raise UserError(f"--learning_rate must be above 0, got {self.learning_rate}")
        if not 0 <= self.warmup_ratio < 1:
            raise UserError(f"--warmup_ratio must be in [0, 1), got {self.warmup_ratio}")
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise UserError(f"--{name} must be one of {', '.join(allowed)}, got {getattr(self, name)}")
        for name in ("seed", "warmup_steps", "weight_decay", "max_grad_norm", "dataloader_num_workers"):
            if not getattr(self, name) >= 0:
                raise UserError(f"--{name} must not be below 0, got {getattr(self, name)}")
        if self.save_total_limit is not None and self.save_total_limit < 1:
            raise UserError(f"--save_total_limit must be at least 1, got {self.save_total_limit}")
        if self.fp16 and self.bf16:
            raise UserError("--fp16 and --bf16 exclude each other")
        if self.load_best_model_at_end and not self.metric_for_best_model:
            raise UserError("--load_best_model_at_end needs --metric_for_best_model, for example eval_accuracy")

    def trainer_values(self) -> dict:
        """The fields that PaddleNLP's TrainingArguments know, by name."""
        names = [f.name for f in fields(TrainingOptions) if f.name not in NOT_FOR_THE_TRAINER]
        values = {name: getattr(self, name) for name in names}
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
class ShapeOptions:
    """A smaller architecture of the named kind, with random weights. To be listed behind an app's own options."""

    from_scratch: bool = False
    """Build the named architecture with random weights and a vocabulary from the training text."""
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


def check_widths(widths: tuple[float, ...], flag: str = "--width_mult_list") -> None:
    """Raises `UserError` for an empty list, a width outside (0, 1] or one given twice."""
    if not widths:
        raise UserError(f"{flag} needs at least one width, for example {flag} 0.75")
    for width in widths:
        if not 0 < width <= 1:
            raise UserError(f"{flag}: {width:g} is not in (0, 1]")
    if len(set(widths)) < len(widths):
        raise UserError(f"{flag}: {' '.join(f'{w:g}' for w in widths)} names a width twice")
