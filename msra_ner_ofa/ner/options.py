# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What both trainings are told on the command line, under the document's names."""

from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError, did_you_mean
from common.train.options import TrainingOptions
from common.train.plain_options import PlainOptions

from ner.data import DevSet
from ner.windows import check_length

TASKS = ("msra", "msra_ner")
TYPES = ("bert", "ernie")


@dataclass(kw_only=True)
class NerData:
    """What is learnt from."""

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


@dataclass(kw_only=True)
class NerOptions(PlainOptions, NerData):
    """The data, the input length and the training."""

    max_seq_length: int = 128
    """Longest input in tokens; longer sentences are read in overlapping windows, none is cut."""
    device: str | None = None
    """cpu, gpu or xpu; if not given, a GPU where there is one."""

    def __post_init__(self):
        check_task(self.task_name)
        check_length(self.max_seq_length)
        if not 0 < self.dev_fraction < 1:
            raise UserError(f"--dev_fraction must be in (0, 1), got {self.dev_fraction}")
        self.check_batches()
        self.learning_rate = self.trainer_options().learning_rate  # and what else is to be checked

    def trainer_options(self) -> TrainingOptions:
        """As `for_trainer`; the best checkpoint is that of the highest F1."""
        return self.for_trainer(self.device, "eval_f1")

    def dev_set(self) -> DevSet:
        """What chooses the checkpoint."""
        return DevSet(self.dev_path, self.dev_fraction, self.split_seed)

    def same_on_resume(self) -> dict:
        """What a resumed run must not have otherwise, beside what concerns the Trainer."""
        names = ("model_name_or_path", "data_dir", "dev_path", "dev_fraction", "split_seed", "max_seq_length")
        return {name: getattr(self, name) for name in names}


def check_task(name: str) -> None:
    if name.lower() not in TASKS:
        raise UserError(f"--task_name `{name}`{did_you_mean(name, TASKS)}; there is msra")


def check_type(name: str) -> None:
    if name not in TYPES:
        raise UserError(f"--model_type `{name}`{did_you_mean(name, TYPES)}; there are {', '.join(TYPES)}")
