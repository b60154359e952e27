# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Width pruning of a trained aspect classifier: one training, one small checkpoint per width."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import parity
from common.compress import distill, ofa, train_widths
from common.export import write_bundle
from common.models.encoders import encoder_of
from common.train import finetune
from common.train.options import TrainingOptions

import model
import paddle
from data import Row, collate
from paddle.nn import functional as F

from aspect import export, trainer
from aspect.trainer import AspectTrainer, Corpus, Trained


class AspectDistiller(distill.DistillingTrainer, AspectTrainer):
    """Learns from the labels and from a teacher."""

    encoder_of = staticmethod(encoder_of)

    def teacher_outputs(self, inputs):
        return (self.teacher(inputs["input_ids"], inputs["token_type_ids"]),)

    def lesson_loss(self, outputs, teacher_outputs, inputs):
        return ofa.soft_cross_entropy(outputs[0], teacher_outputs[0])

    def real_tokens(self, inputs):
        return (inputs["input_ids"] != 0).astype("float32")


class AspectWidthTrainer(distill.WidthTrainer, AspectDistiller):
    """The same at several widths of one super-network."""


@dataclass(frozen=True)
class Run:
    """What a training of widths works with.

    Attributes:
        trained: the checkpoint; its network becomes the super-network.
        train_rows, dev_rows: the corpus as the model reads it.
        folders: width to the folder of its checkpoint.
        importance_batches: training batches on which heads and neurons are scored.
        run_options: all of the run's options by name, for the records.
    """

    trained: Trained
    corpus: Corpus
    train_rows: list[Row]
    dev_rows: list[Row]
    training: TrainingOptions
    folders: dict[float, Path]
    importance_batches: int
    run_options: Mapping[str, Any]


def prepare(
    trained: Trained,
    corpus: Corpus,
    training: TrainingOptions,
    widths: tuple[float, ...],
    importance_batches: int,
    run_options: Mapping[str, Any],
) -> Run:
    """Check that model and corpus fit, and read the corpus.

    Args:
        training: how; its output_dir gets a folder per width.
        widths: shares of the heads and neurons to keep.

    Raises:
        UserError: vocabulary, tables, input length or labels that do not fit together, or data that cannot be read.
    """
    trainer.check_fit(trained.network, trained.vocabulary, corpus.max_length, corpus.labels)
    train_rows, dev_rows = (corpus.rows(path, trained.vocabulary) for path in (corpus.train, corpus.dev))
    folders = {width: training.output_dir / f"width_{width:g}" for width in widths}
    return Run(trained, corpus, train_rows, dev_rows, training, folders, importance_batches, run_options)


class AspectWidths(train_widths.App):
    """One run, as `train_widths` asks for it."""

    encoder_of = staticmethod(encoder_of)

    def __init__(self, run: Run):
        self.run = run
        self.gate_batches = export.gate_batches(run.dev_rows[: export.GATE_ROWS])

    def trainer(self, **kwargs) -> AspectWidthTrainer:
        """The trainer of this app with its data; `kwargs` are those of `WidthTrainer`."""
        rows, labels = self.run, self.run.corpus.labels
        return AspectWidthTrainer(labels, train_dataset=rows.train_rows, eval_dataset=rows.dev_rows, **kwargs)

    def load(self) -> paddle.nn.Layer:
        """The trained model once more, plain and of full width."""
        return model.load(self.run.trained.folder)

    def first_batches(self, count: int) -> list[dict]:
        """The first training batches in a seeded order."""
        training = self.run.training
        size, seed = training.per_device_train_batch_size, training.seed
        return distill.first_batches(self.run.train_rows, collate, size, seed, count)

    def loss(self, network: paddle.nn.Layer, batch: dict) -> paddle.Tensor:
        """The network's loss on the labels of one batch, a scalar."""
        return F.cross_entropy(network(batch["input_ids"], batch["token_type_ids"]), batch["label"])

    def compare(self, super_network: paddle.nn.Layer, small: paddle.nn.Layer) -> parity.Comparison:
        """On rows of the development set, both models in memory."""
        answers = (write_bundle.answers(network, self.gate_batches) for network in (super_network, small))
        return parity.compare(*answers, export.KIND.decide)

    def save(self, super_network, small, share: float, folder: Path, evaluated: dict) -> None:
        """Write one width's checkpoint."""
        run, scores = self.run, finetune.plain_metrics(evaluated)
        trainer.save(small, run.trained.vocabulary, folder, run.corpus, "width", scores, run.run_options)
        print(f"{folder.name}, dev: {finetune.format_metrics(scores)}", flush=True)


def train(run: Run) -> None:
    """Score heads and neurons on training data, reorder, train the widths with the full model as teacher, cut them out.

    Raises:
        GateFailed: a cut does not compute what the super-network does at its width.
    """
    train_widths.train_widths(
        run.trained.network,
        AspectWidths(run),
        run.folders,
        run.training.output_dir / "super_network",
        run.training,
        metric="f1",  # decides between the evaluations of one width
        importance_batches=run.importance_batches,
    )


def report(run: Run) -> None:
    """Print what each width has become."""
    for width, folder in run.folders.items():
        print(train_widths.describe(width, folder, model.load(folder)), flush=True)
