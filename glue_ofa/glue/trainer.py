# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training a GLUE classifier: the trainer, its metrics, the model that it begins with, and the checkpoint it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import finetune
from common.train.trainer import RecipeTrainer

import numpy as np
import paddle
from paddle.nn import functional as F

from glue import data, metrics, model
from glue.data import Example, Examples, Row, TextSource
from glue.tasks import Task

APP = "glue_ofa"
INPUTS = ("input_ids", "token_type_ids")


class GlueTrainer(RecipeTrainer):
    """Cross entropy on labels, or the squared distance from scores; judged by the task's metrics."""

    def __init__(self, task: Task, **kwargs):
        super().__init__(data_collator=data.collate, compute_metrics=self.judge, **kwargs)
        self.task, self.label_names = task, ["label"]

    def outputs_and_loss(self, model, inputs):
        logits = model(inputs["input_ids"], inputs["token_type_ids"])
        return (logits,), loss(self.task, logits, inputs["label"])

    def judge(self, prediction) -> dict[str, float]:
        predicted = metrics.predictions(self.task, np.asarray(prediction.predictions))
        return metrics.score(self.task, np.asarray(prediction.label_ids).reshape(-1).tolist(), predicted)


def loss(task: Task, logits: paddle.Tensor, label: paddle.Tensor) -> paddle.Tensor:
    """Of logits float32 [batch, outputs] against classes int64 [batch] or scores float32 [batch]; a scalar."""
    return F.mse_loss(logits[:, 0], label) if task.regression else F.cross_entropy(logits, label)


@dataclass(frozen=True)
class ModelChoice:
    """The model that a fine-tuning begins with.

    Attributes:
        name: a folder, or a name that PaddleNLP knows.
        model_type: what --model_type says; None if nothing.
        shape: sizes of a model with random weights, as of `encoders.build`; None takes the trained weights.
    """

    name: str
    model_type: str | None
    shape: dict[str, int | None] | None


def start_model(
    choice: ModelChoice, task: Task, train: list[Example], max_length: int, folder: Path
) -> tuple[paddle.nn.Layer, Path]:
    """The model, and its vocabulary file.

    Args:
        train: of a model with random weights the vocabulary is made from these.
        max_length: tokens of the longest input.
        folder: gets the vocabulary where `choice.name` is no folder.

    Raises:
        UserError: neither a folder nor reachable, another type than was said, or parts that do not fit together.
    """
    model.check_type(choice.model_type, choice.name)
    model.check_lower_case(choice.name)
    named = (model.FAMILIES, choice.name, task.outputs, model.FLAG, folder)
    if choice.shape is None:
        network, vocabulary = finetune.start(*named)
    else:
        network, vocabulary = finetune.from_scratch(*named, data.texts_of(train), **choice.shape)
    finetune.check_fit(network, vocabulary, max_length, "--max_seq_length")
    if network.config.num_labels != task.outputs:
        outputs = network.config.num_labels
        raise UserError(f"{choice.name}: trained for {outputs} outputs, but {task.name} has {task.outputs}")
    return network, vocabulary


def rows_of(task: Task, examples: list[Example], vocabulary: Path, max_length: int) -> list[Row]:
    """Examples as the model reads them, not longer than `max_length` tokens."""
    return data.make_rows(task, examples, WordPieceTokenizer(vocabulary), max_length)


@dataclass(frozen=True)
class Rows:
    """The data of a training as the model reads them; see `Examples`.

    `selection` has its shortest rows first: batches of an evaluation then need little padding.
    """

    train: list[Row]
    selection: list[Row]
    dev: dict[str, list[Row]]


def encode(task: Task, examples: Examples, vocabulary: Path, max_length: int) -> Rows:
    """Every part of `examples` by `rows_of`."""
    train = rows_of(task, examples.train, vocabulary, max_length)
    selection = rows_of(task, examples.selection, vocabulary, max_length)
    dev = {split: rows_of(task, part, vocabulary, max_length) for split, part in examples.dev.items()}
    return Rows(train, sorted(selection, key=lambda row: len(row.ids)), dev)


def scores_on(
    network: paddle.nn.Layer, task: Task, splits: Mapping[str, list[Row]], batch_size: int
) -> dict[str, float]:
    """The reported metrics of a model.

    Args:
        splits: name of a split to its rows.
    """
    network.eval()
    answers = {}
    for split, rows in splits.items():
        logits = np.stack(finetune.logits_of(network, rows, data.collate, INPUTS, batch_size))
        answers[split] = ([row.label for row in rows], metrics.predictions(task, logits))
    return metrics.score_splits(task, answers)


def record(
    arguments: Mapping[str, Any],
    task: Task,
    text: TextSource,
    selection_fraction: float,
    stage: str,
    chosen_by: dict[str, float],
    **more: Any,
) -> dict:
    """What `training.json` says of a checkpoint.

    Args:
        arguments: the run's options by name.
        chosen_by: metrics on the rows that choose among checkpoints.
        more: further entries, such as "dev", the reported metrics.
    """
    source = text.data_dir
    splits = ("train", *data.dev_splits(task, source)) if source else ()
    return finetune.record(
        APP,
        arguments,
        stage,
        chosen_by,
        [data.path_of(task, source, split) for split in splits],
        task=task.name,
        labels=list(task.labels or ()),
        max_seq_length=text.max_length,
        data_dir=str(source.resolve()) if source else None,
        selection_fraction=selection_fraction,
        **more,
    )


def record_of(folder: Path | str) -> dict:
    """`training.json` of a checkpoint of this app.

    Raises:
        UserError: it is missing or is not one of this app's.
    """
    return finetune.record_of(Path(folder), APP)


def save(network: paddle.nn.Layer, vocabulary: Path, folder: Path, content: dict) -> None:
    """Write a checkpoint into `folder`, beside what else it holds; `content` becomes its `training.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.write_into(network, vocabulary, folder, content)
