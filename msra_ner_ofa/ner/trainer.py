# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training the tagger: the trainer, its metrics, what a training begins with, and the checkpoint it leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import files, parity
from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import finetune
from common.train.trainer import RecipeTrainer

import numpy as np
import paddle
from paddle.nn import functional as F

from ner.data import IGNORED, Corpus, Row, collate, joined, make_rows, vocabulary_texts
from ner.gate import Gate
from ner.metrics import score
from ner.model import FAMILIES, FLAG
from ner.windows import SHORTEST, CharacterEncoder

APP = "msra_ner_ofa"
INPUTS = ("input_ids",)


def tag_loss(logits: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
    """Cross entropy, averaged over the characters that have a label; a scalar.

    Args:
        logits: float32 [batch, length, tags].
        labels: int64 [batch, length], IGNORED where there is no label.
    """
    return F.cross_entropy(logits, labels, ignore_index=IGNORED)


class NerTrainer(RecipeTrainer):
    """Cross entropy on the characters' tags; judged by whole entities of whole sentences."""

    def __init__(self, labels: Sequence[str], **kwargs):
        super().__init__(data_collator=collate, compute_metrics=self.judge, **kwargs)
        self.labels, self.label_names = list(labels), ["row"]

    def outputs_and_loss(self, model, inputs):
        logits = model(inputs["input_ids"])
        return (logits,), tag_loss(logits, inputs["labels"])

    def kept(self, outputs):
        """The index of each token's best tag, int64 [batch, length]: far less to keep than the logits."""
        return outputs[0].argmax(axis=-1)

    def judge(self, prediction) -> dict[str, float]:
        best = dict(zip(np.asarray(prediction.label_ids).reshape(-1).tolist(), prediction.predictions, strict=True))
        return judged(self.eval_dataset, [best[row.number] for row in self.eval_dataset], self.labels)


def judged(rows: Sequence[Row], best: Sequence[np.ndarray], labels: Sequence[str], kinds: bool = False) -> dict:
    """Scores of whole sentences.

    Args:
        best: per row the index of the best tag of each token; what stands behind the row's tokens is padding.
        kinds: as of `metrics.score`.
    """
    gold = joined(rows, [np.array(row.labels) for row in rows])
    predicted = joined(rows, best)
    return score(*([[labels[n] for n in tags] for tags in side] for side in (gold, predicted)), kinds)


@dataclass(frozen=True)
class Start:
    """What a training begins with; `max_length` is the size of its windows in tokens."""

    network: paddle.nn.Layer
    vocabulary: Path
    corpus: Corpus
    train_rows: list[Row]
    dev_rows: list[Row]
    gate: Gate
    max_length: int


def start(
    corpus: Corpus, network: paddle.nn.Layer, vocabulary: Path, max_length: int, from_scratch: bool = False
) -> Start:
    """Encode the corpus for a model.

    A model from scratch knows no position beyond the longest training sentence: its windows are no longer than that.

    Raises:
        UserError: vocabulary, tables, input length or labels that do not fit together.
    """
    check_fit(network, vocabulary, max_length, corpus.labels)
    encoder = CharacterEncoder(WordPieceTokenizer(vocabulary))
    train_rows = make_rows(corpus.train, encoder, corpus.labels, max_length)
    if from_scratch:
        max_length = min(max_length, max(SHORTEST, *(len(row.ids) for row in train_rows)))
    dev_rows = make_rows(corpus.dev, encoder, corpus.labels, max_length)
    gate = Gate(corpus.dev, encoder, corpus.labels, max_length)
    return Start(network, vocabulary, corpus, train_rows, dev_rows, gate, max_length)


def start_model(
    name: str, shape: dict[str, int | None] | None, corpus: Corpus, folder: Path
) -> tuple[paddle.nn.Layer, Path]:
    """A pretrained model with a new head, a trained one, or one with random weights; and its vocabulary file.

    Args:
        name: a folder, or a name that PaddleNLP knows.
        shape: sizes of a model with random weights, as of `encoders.build`; None takes the trained weights.
        folder: gets the vocabulary where `name` is no folder.

    Raises:
        UserError: neither a folder nor reachable, or sizes that do not fit together.
    """
    named = (FAMILIES, name, len(corpus.labels), FLAG, folder)
    if shape is None:
        return finetune.start(*named)
    return finetune.from_scratch(*named, vocabulary_texts(corpus.train), **shape)


def check_fit(network: paddle.nn.Layer, vocabulary: Path, max_length: int, labels: Sequence[str]) -> None:
    """Raises `UserError` with both numbers where vocabulary, tables, input length or labels do not fit together."""
    finetune.check_fit(network, vocabulary, max_length, "--max_seq_length")
    if len(labels) != network.config.num_labels:
        raise UserError(f"label.txt: {len(labels)} tags, but the model was trained for {network.config.num_labels}")


def save(
    begun: Start,
    network: paddle.nn.Layer,
    folder: Path,
    run_options: Mapping[str, Any],
    stage: str,
    metrics: dict[str, float],
    answers: Sequence[parity.Outputs],
) -> None:
    """Write a whole checkpoint folder, or leave what was there.

    Args:
        run_options: all of the run's options by name, for the record.
        metrics: those on the development set.
        answers: what the model that the checkpoint is made from says to the gate's sentences.
    """
    corpus = begun.corpus
    more = {"labels": corpus.labels, "max_seq_length": begun.max_length, "split": corpus.split}
    record = finetune.record(APP, run_options, stage, metrics, corpus.files, **more)
    with files.replacing_folder(folder) as temporary:
        checkpoint.write_into(network, begun.vocabulary, temporary, record)
        begun.gate.write(temporary, answers)


def length_for(record: dict, asked: int | None) -> int:
    """Size of the windows for a trained checkpoint: what is asked for, but not more than its training has shown it."""
    trained = record["max_seq_length"]
    if asked is not None and asked > trained:
        print(f"--max_seq_length {asked}: the model knows {trained} tokens; windows are of that size", flush=True)
    return min(asked or trained, trained)


def record_of(folder: Path) -> dict:
    """`training.json` of a checkpoint of this app.

    Raises:
        UserError: it is missing or is not one of this app's.
    """
    return finetune.record_of(folder, APP)


def best_tags(network: paddle.nn.Layer, rows: list[Row], batch_size: int) -> list[np.ndarray]:
    """The index of the best tag of each token, int64 [tokens], per row."""
    logits = finetune.logits_of(network, rows, collate, INPUTS, batch_size)
    return [each.argmax(axis=1) for each in logits]
