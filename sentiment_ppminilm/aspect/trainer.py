# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training the aspect classifier: its data, the trainer and its metrics, and the checkpoint it leaves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import finetune
from common.train.trainer import RecipeTrainer

import model
import numpy as np
import paddle
from data import LabelSet, Row, collate, make_rows, read_examples
from paddle.nn import functional as F

from aspect import metrics

BEST = "best.pdparams"  # the document's name of the trained weights
APP = "sentiment_ppminilm"
INPUTS = ("input_ids", "token_type_ids")


@dataclass(frozen=True)
class Corpus:
    """What is learnt from, and how it is read.

    Attributes:
        train, dev: labelled files; `dev` chooses the checkpoint.
        max_length: tokens at which a row is cut.
        skip_bad_lines: leave faulty lines out instead of stopping.
    """

    train: Path
    dev: Path
    labels: LabelSet
    max_length: int
    skip_bad_lines: bool

    def rows(self, path: Path, vocabulary: Path) -> list[Row]:
        """Rows of one of the files; raises `UserError` as `read_examples`."""
        return dataset(path, vocabulary, self.labels, self.max_length, self.skip_bad_lines)


@dataclass(frozen=True)
class ModelChoice:
    """The model that a training begins with.

    Attributes:
        name: a pretrained model by name or folder, or a checkpoint of this app.
        shape: sizes of a model with random weights, as of `encoders.build`; None takes the trained weights.
    """

    name: str
    shape: dict[str, int | None] | None = None


@dataclass(frozen=True)
class Trained:
    """A checkpoint of train.py or prune_width.py in memory.

    Attributes:
        folder: where it lies.
        record: its `training.json`.
    """

    folder: Path
    network: paddle.nn.Layer
    labels: LabelSet
    record: dict

    @property
    def vocabulary(self) -> Path:
        return self.folder / checkpoint.VOCABULARY


class AspectTrainer(RecipeTrainer):
    """Cross entropy on labels; judged by `metrics.score`."""

    def __init__(self, labels: LabelSet, **kwargs):
        super().__init__(data_collator=collate, compute_metrics=self.judge, **kwargs)
        self.labels, self.label_names = labels, ["label"]

    def outputs_and_loss(self, model, inputs):
        """Logits float32 [batch, classes] in a tuple, and the loss, a scalar."""
        logits = model(inputs["input_ids"], inputs["token_type_ids"])
        return (logits,), F.cross_entropy(logits, inputs["label"])

    def judge(self, prediction) -> dict[str, float]:
        """Scores of the Trainer's predictions on the development set."""
        predicted = np.asarray(prediction.predictions).argmax(axis=-1)
        return metrics.score(self.labels, np.asarray(prediction.label_ids).reshape(-1).tolist(), predicted.tolist())


def start_model(choice: ModelChoice, corpus: Corpus, folder: Path) -> tuple[paddle.nn.Layer, Path]:
    """The model, and its vocabulary file.

    Args:
        corpus: of a model with random weights the vocabulary is made from its training text.
        folder: gets the vocabulary where `choice.name` is no folder.

    Raises:
        UserError: neither a folder nor reachable, or vocabulary, tables and input length that do not fit together.
    """
    named = (model.FAMILIES, choice.name, {"num_labels": len(corpus.labels.values)}, model.FLAG, folder)
    if choice.shape is not None:
        examples = read_examples(corpus.train, corpus.labels, corpus.skip_bad_lines)
        texts = (text for example in examples for text in (example.aspect, example.text))
        return finetune.from_scratch(*named, texts, **choice.shape)
    network, vocabulary = finetune.start(*named)
    check_fit(network, vocabulary, corpus.max_length, corpus.labels)
    return network, vocabulary


def check_fit(network: paddle.nn.Layer, vocabulary: Path, max_length: int, labels: LabelSet) -> None:
    """Raises `UserError` with both numbers where vocabulary, tables, input length or labels do not fit together."""
    finetune.check_fit(network, vocabulary, max_length, "--max_seq_len")
    if len(labels.values) != network.config.num_labels:
        raise UserError(
            f"--label_path: {len(labels.values)} labels, but the model was trained for {network.config.num_labels}"
        )


def dataset(path: Path, vocabulary: Path, labels: LabelSet, max_length: int, skip_bad_lines: bool) -> list[Row]:
    """Rows of a labelled file, each cut at `max_length` tokens; raises `UserError` as `read_examples`."""
    examples = read_examples(path, labels, skip_bad_lines)
    return make_rows(examples, WordPieceTokenizer(vocabulary), labels, max_length)


def save(
    network: paddle.nn.Layer,
    vocabulary: Path,
    folder: Path,
    corpus: Corpus,
    stage: str,
    scores: dict[str, float],
    run_options: Mapping[str, Any],
) -> None:
    """Write a checkpoint into `folder`, with what made it; `best.pdparams` is a link to its weights.

    Args:
        stage: "original" or "width".
        scores: on the development set.
        run_options: all of the run's options by name, for the record.
    """
    more = {"labels": asdict(corpus.labels), "max_seq_len": corpus.max_length}
    record = finetune.record(APP, run_options, stage, scores, [corpus.train, corpus.dev], **more)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.write_into(network, vocabulary, folder, record)
    link = folder / BEST
    link.unlink(missing_ok=True)
    link.symlink_to(checkpoint.WEIGHTS)


def record_of(folder: Path) -> dict:
    """`training.json` of a checkpoint of this app.

    Raises:
        UserError: it is missing or is not one of this app's.
    """
    return finetune.record_of(folder, APP)


def labels_of(folder: Path) -> LabelSet:
    """The labels a checkpoint was trained with; raises `UserError` as `record_of`."""
    return LabelSet(**record_of(folder)["labels"])


def open_checkpoint(folder: Path) -> Trained:
    """Load a checkpoint.

    Raises:
        UserError: it is missing, damaged, or another app's.
    """
    network, record = model.load(folder), record_of(folder)
    return Trained(folder, network, LabelSet(**record["labels"]), record)


def check_labels(given: LabelSet, trained: LabelSet, path: Path) -> None:
    """Raises `UserError` where a label file is not the one that a model was trained with."""
    if given.values != trained.values:
        raise UserError(
            f"{path}: labels {', '.join(given.values)}, but the model was trained with {', '.join(trained.values)}"
        )


def logits_of(network: paddle.nn.Layer, rows: list[Row], batch_size: int) -> np.ndarray:
    """float32 [rows, classes], in the order of the rows."""
    return np.stack(finetune.logits_of(network, rows, collate, INPUTS, batch_size))
