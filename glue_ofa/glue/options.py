# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What fine-tuning and the training of widths are told on the command line, under the document's names."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from common.cli import UserError, did_you_mean
from common.train.options import BestCheckpointOptions

from glue import tasks

MODEL_TYPES = ("bert", "tinybert", "ernie", "ppminilm")
SHORTEST = 5  # [CLS] a [SEP] b [SEP]


@dataclass(kw_only=True)
class GlueData:
    """What is trained, and on what."""

    model_type: str | None = None
    """bert, tinybert, ernie or ppminilm; the model says it by itself, and another word than that is refused."""
    model_name_or_path: str
    """A model by name or folder."""
    task_name: str
    """SST-2, QNLI, CoLA, MRPC, STS-B, QQP, MNLI or RTE; upper or lower case."""
    data_dir: Path | None = None
    """Folder with SST-2/train.tsv and so on, or with train.tsv; if not given, GLUE is downloaded by PaddleNLP."""


@dataclass(kw_only=True)
class GlueOptions(BestCheckpointOptions, GlueData):
    """The model, the task, its data and the training."""

    ALIASES: ClassVar[dict[str, str]] = {
        "batch_size": "per_device_train_batch_size",
        "eval_batch_size": "per_device_eval_batch_size",
    }
    NOT_OFFERED: ClassVar[frozenset[str]] = BestCheckpointOptions.NOT_OFFERED | {"device"}  # --n_gpu says it
    FINE_TUNING_RATE: ClassVar[float] = 2e-5  # the document's

    num_train_epochs: float = 3
    """Passes over the training set."""
    max_seq_length: int = 128
    """Longest input in tokens; what is longer is cut."""
    learning_rate: float | None = None
    """Highest learning rate; 2e-5 if not given, 3e-4 with --from_scratch."""
    warmup_ratio: float = 0.1
    """Share of the steps in which the learning rate rises."""
    logging_steps: int = 10
    """Steps between two log lines."""
    save_steps: int = 100
    """Steps between two evaluations and checkpoints; at the end there is one in any case."""
    n_gpu: int | None = None
    """How many GPUs; 0 is the CPU; if not given, one GPU where there is one."""
    selection_fraction: float = 0.1
    """Share of the training rows that is held back and chooses the checkpoints; with 0 the reported dev set does."""
    seed: int = 42
    """Of weights, dropout and the order of the rows; not of the rows that are held back."""
    metric_for_best_model: str | None = "eval_score"

    def __post_init__(self):
        check_type(self.model_type)
        self.task_name = tasks.find(self.task_name).name
        check_length(self.max_seq_length)
        check_gpus(self.n_gpu)
        self.device = device_of(self.n_gpu)
        if not 0 <= self.selection_fraction <= 0.5:
            raise UserError(f"--selection_fraction must be 0 to 0.5, got {self.selection_fraction}")
        super().__post_init__()

    def same_on_resume(self) -> dict:
        """What a resumed run must not have otherwise, beside the training options."""
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
    """What `--n_gpu` means for `common.train.trainer.set_device`."""
    return None if n_gpu is None else "gpu" if n_gpu else "cpu"
