# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training the tagger: the trainer, its metrics, and the checkpoint it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import finetune, trainer

import numpy as np
import paddle
from paddle.nn import functional as F

from ner import model as models
from ner.data import IGNORED, Corpus, Row, collate, joined, make_rows, vocabulary_texts
from ner.gate import Gate
from ner.metrics import score
from ner.windows import SHORTEST, CharacterEncoder

APP = "msra_ner_ofa"
INPUTS = ("input_ids",)
plain_metrics, told = finetune.plain_metrics, finetune.told


def tag_loss(logits, labels):
    """Cross entropy, averaged over the characters that have a label. Shapes [batch, length, tags], [batch, length]."""
    return F.cross_entropy(logits, labels, ignore_index=IGNORED)


class NerTrainer(trainer.RecipeTrainer):
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
        best: per row the number of the best tag of each token; what stands behind the row's tokens is padding.
    """
    gold = joined(rows, [np.array(row.labels) for row in rows])
    predicted = joined(rows, best)
    return score(*([[labels[n] for n in tags] for tags in side] for side in (gold, predicted)), kinds)


@dataclass(frozen=True)
class Start:
    """What a training begins with; `length` is the size of its windows in tokens."""

    network: paddle.nn.Layer
    vocabulary: Path
    corpus: Corpus
    train_rows: list[Row]
    dev_rows: list[Row]
    gate: Gate
    length: int


def start(corpus: Corpus, network: paddle.nn.Layer, vocabulary: Path, length: int, from_scratch: bool = False) -> Start:
    """Encode the corpus for a model.

    A model from scratch knows no position beyond the longest training sentence: its windows are no longer than that.

    Raises:
        UserError: vocabulary, tables, input length or labels that do not fit together.
    """
    check_fit(network, vocabulary, length, corpus.labels)
    encoder = CharacterEncoder(WordPieceTokenizer(vocabulary))
    train_rows = make_rows(corpus.train, encoder, corpus.labels, length)
    if from_scratch:
        length = min(length, max(SHORTEST, *(len(row.ids) for row in train_rows)))
    dev_rows = make_rows(corpus.dev, encoder, corpus.labels, length)
    return Start(
        network, vocabulary, corpus, train_rows, dev_rows, Gate(corpus.dev, encoder, corpus.labels, length), length
    )


def start_model(options, corpus: Corpus) -> tuple[paddle.nn.Layer, Path]:
    """The model that `--model_name_or_path` names, and its vocabulary file."""
    outputs = len(corpus.labels)
    begin = (models.FAMILIES, options.model_name_or_path, outputs, models.FLAG, options.output_dir)
    if options.from_scratch:
        texts = vocabulary_texts(corpus.train)
        return finetune.from_scratch(*begin, texts, **options.shape())
    return finetune.start(*begin)


def check_fit(network: paddle.nn.Layer, vocabulary: Path, max_length: int, labels: Sequence[str]) -> None:
    """Raises `UserError` with both numbers where vocabulary, tables, input length or labels do not fit together."""
    finetune.check_fit(network, vocabulary, max_length, "--max_seq_length")
    if len(labels) != network.config.num_labels:
        raise UserError(f"label.txt: {len(labels)} tags, but the model was trained for {network.config.num_labels}")


def save(begun: Start, network, folder: Path, options, stage: str, metrics: dict, answers: Sequence[dict]) -> None:
    """Write a whole checkpoint folder, or leave what was there.

    Args:
        answers: what the model that the checkpoint is made from says to the gate's sentences.
    """
    corpus = begun.corpus
    more = {"labels": corpus.labels, "max_seq_length": begun.length, "split": corpus.split}
    record = finetune.record(APP, options, stage, metrics, corpus.files, **more)
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
    """The number of the best tag of each token, per row."""
    logits = finetune.logits_of(network, rows, collate, INPUTS, batch_size)
    return [each.argmax(axis=1) for each in logits]
