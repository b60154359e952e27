# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The eight GLUE tasks: folders and columns, labels in PaddleNLP's order, and the metrics they are reported by."""

from dataclasses import dataclass

from common.cli import UserError, did_you_mean


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        name: as GLUE writes it; also the folder of its files.
        columns: headings of the one or two texts.
        label: heading of the label. CoLA's files have no heading: its columns are numbers.
        labels: in the order of the model's outputs; None where the output is one number, 0 to 5.
        metrics: as the document lists them.
        dev: splits that are reported.
    """

    name: str
    columns: tuple[str | int, ...]
    label: str | int
    labels: tuple[str, ...] | None
    metrics: tuple[str, ...]
    dev: tuple[str, ...] = ("dev",)

    @property
    def outputs(self) -> int:
        """Logits of the model: a class each, or one score."""
        return len(self.labels) if self.labels else 1

    @property
    def regression(self) -> bool:
        """Whether the answer is a score and not a class."""
        return self.labels is None

    @property
    def pairs(self) -> bool:
        """Whether two texts are judged together."""
        return len(self.columns) == 2


BINARY, ENTAILMENT = ("0", "1"), ("entailment", "not_entailment")
LOWEST, HIGHEST = 0.0, 5.0  # of STS-B
COLUMNS_OF_COLA = 4

TASKS = {
    task.name: task
    for task in (
        Task("SST-2", ("sentence",), "label", BINARY, ("accuracy",)),
        Task("QNLI", ("question", "sentence"), "label", ENTAILMENT, ("accuracy",)),
        Task("CoLA", (3,), 1, BINARY, ("matthews",)),
        Task("MRPC", ("#1 String", "#2 String"), "Quality", BINARY, ("f1", "accuracy")),
        Task("STS-B", ("sentence1", "sentence2"), "score", None, ("pearson", "spearman")),
        Task("QQP", ("question1", "question2"), "is_duplicate", BINARY, ("accuracy", "f1")),
        Task(
            "MNLI",
            ("sentence1", "sentence2"),
            "gold_label",
            ("contradiction", "entailment", "neutral"),
            ("accuracy",),
            ("dev_matched", "dev_mismatched"),
        ),
        Task("RTE", ("sentence1", "sentence2"), "label", ENTAILMENT, ("accuracy",)),
    )
}


def find(word: str, flag: str = "--task_name") -> Task:
    """The task that a word means; upper and lower case, `-` and `_` do not matter.

    Raises:
        UserError: no task of that name.
    """
    known = {_plain(name): task for name, task in TASKS.items()}
    if _plain(word) not in known:
        near = did_you_mean(word.upper(), TASKS)
        raise UserError(f"{flag}: `{word}`{near} is no task; there are {', '.join(TASKS)}")
    return known[_plain(word)]


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
