# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training the aspect classifier: the trainer, its metrics, and the checkpoint it leaves."""

from dataclasses import asdict
from pathlib import Path

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import finetune, trainer

import model as models
import numpy as np
import paddle
from data import LabelSet, Row, collate, make_rows, read_examples
from paddle.nn import functional as F

from aspect.metrics import score

BEST = "best.pdparams"  # the document's name of the trained weights
APP = "sentiment_ppminilm"
INPUTS = ("input_ids", "token_type_ids")
plain_metrics, format_metrics = finetune.plain_metrics, finetune.format_metrics


class AspectTrainer(trainer.RecipeTrainer):
    """Cross entropy on labels; judged by `score`."""

    def __init__(self, labels: LabelSet, **kwargs):
        super().__init__(data_collator=collate, compute_metrics=self.judge, **kwargs)
        self.labels, self.label_names = labels, ["label"]

    def outputs_and_loss(self, model, inputs):
        logits = model(inputs["input_ids"], inputs["token_type_ids"])
        return (logits,), F.cross_entropy(logits, inputs["label"])

    def judge(self, prediction) -> dict[str, float]:
        predicted = np.asarray(prediction.predictions).argmax(axis=-1)
        return score(self.labels, np.asarray(prediction.label_ids).reshape(-1).tolist(), predicted.tolist())


def start_model(options, labels: LabelSet) -> tuple[paddle.nn.Layer, Path]:
    """The model that `--base_model_name` names, and its vocabulary file.

    Raises:
        UserError: neither a folder nor reachable, or vocabulary, tables and input length that do not fit together.
    """
    name, classes, folder = options.base_model_name, len(labels.values), options.checkpoints
    if options.from_scratch:
        examples = read_examples(options.train_path, labels, options.skip_bad_lines)
        texts = (text for example in examples for text in (example.aspect, example.text))
        return finetune.from_scratch(models.FAMILIES, name, classes, models.FLAG, folder, texts, **options.shape())
    network, vocabulary = finetune.start(models.FAMILIES, name, classes, models.FLAG, folder)
    check_fit(network, vocabulary, options.max_seq_len, labels)
    return network, vocabulary


def check_fit(network: paddle.nn.Layer, vocabulary: Path, max_length: int, labels: LabelSet) -> None:
    """Raises `UserError` with both numbers where vocabulary, tables, input length or labels do not fit together."""
    finetune.check_fit(network, vocabulary, max_length, "--max_seq_len")
    if len(labels.values) != network.config.num_labels:
        raise UserError(
            f"--label_path: {len(labels.values)} labels, but the model was trained for {network.config.num_labels}"
        )


def dataset(path: Path, vocabulary: Path, labels: LabelSet, max_length: int, skip_bad_lines: bool) -> list[Row]:
    """Rows of a labelled file, each cut at `max_length` tokens.

    Raises:
        UserError: as `read_examples`.
    """
    examples = read_examples(path, labels, skip_bad_lines)
    return make_rows(examples, WordPieceTokenizer(vocabulary), labels, max_length)


def save(network, vocabulary: Path, folder: Path, options, labels: LabelSet, stage: str, metrics: dict) -> None:
    """Write a checkpoint into `folder`, with what made it; `best.pdparams` is a link to its weights."""
    data = [getattr(options, name, None) for name in ("train_path", "dev_path")]
    more = {"labels": asdict(labels), "max_seq_len": options.max_seq_len}
    record = finetune.record(APP, asdict(options), stage, metrics, data, **more)
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
    """The labels a checkpoint was trained with."""
    return LabelSet(**record_of(folder)["labels"])


def check_labels(given: LabelSet, trained: LabelSet, path: Path) -> None:
    """Raises `UserError` where a label file is not the one that a model was trained with."""
    if given.values != trained.values:
        raise UserError(
            f"{path}: labels {', '.join(given.values)}, but the model was trained with {', '.join(trained.values)}"
        )


def logits_of(network: paddle.nn.Layer, rows: list[Row], batch_size: int) -> np.ndarray:
    """float32 [rows, classes], in the order of the rows."""
    return np.stack(finetune.logits_of(network, rows, collate, INPUTS, batch_size))
