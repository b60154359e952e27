# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What every stage of a compression shares: data, training, and how a result is compared, saved and exported."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import parity
from common.compress import distill
from common.train import trainer
from common.train.options import TrainingOptions

from model import JointErnie
from paddlenlp.transformers import ErnieTokenizer

from slu.data import Labels, Row, collate
from slu.export import Target, compare_models, export
from slu.trainer import JointTrainer, format_metrics, plain_metrics, save


@dataclass(frozen=True)
class Compression:
    """One run of --do_compress; each stage takes a checkpoint folder and makes new ones.

    Attributes:
        decoder: how slots are read; None: as the checkpoint was trained.
        training: options of the Trainer, for the stages that train.
        same_on_resume: further options, by name, that a resumed run must not change.
        record: (stage, metrics) -> what a checkpoint records.
        target: how results are exported.
        min_agreement: share of sentences that a stage which trains nothing must decide as before, 0..1.
    """

    labels: Labels
    vocabulary: Path
    train_rows: list[Row]
    dev_rows: list[Row]
    decoder: str | None
    training: TrainingOptions
    same_on_resume: dict[str, Any]
    record: Callable[[str, dict], dict]
    target: Target
    min_agreement: float

    def load(self, folder: Path) -> JointErnie:
        """The model in a checkpoint folder, with the decoder that was asked for."""
        model = JointErnie.from_pretrained(str(folder))
        if self.decoder:
            model.config.decoder = self.decoder
        return model

    def folder(self, *parts: str) -> Path:
        """The folder of a result, named by the stages that led to it."""
        return self.training.output_dir / "_".join(part for part in parts if part)

    def trainer_parts(self, model: JointErnie, work: Path) -> dict[str, Any]:
        """What PaddleNLP's Trainer is made of; it works in the folder `work`."""
        return {
            "model": model,
            "args": trainer.arguments(self.training, output_dir=str(work)),
            "train_dataset": self.train_rows,
            "eval_dataset": self.dev_rows,
            "tokenizer": ErnieTokenizer(str(self.vocabulary)),
        }

    def first_batches(self, count: int) -> list[dict]:
        """The first batches of the training set, in a seeded order."""
        size = self.training.per_device_train_batch_size
        return distill.first_batches(self.train_rows, collate, size, self.training.seed, count)

    def evaluate(self, model: JointErnie) -> dict[str, float]:
        """Scores on the development set."""
        model.eval()
        parts = self.trainer_parts(model, self.training.output_dir)
        return plain_metrics(JointTrainer(self.labels, **parts).evaluate())

    def save(self, model: JointErnie, folder: Path, stage: str, metrics: dict) -> None:
        save(model, self.vocabulary, folder, self.record(stage, metrics))

    def finish(self, model: JointErnie, folder: Path, stage: str, metrics: dict, source: Path, gated: bool) -> Path:
        """Compare a result with the stage before, save it, export it and let it pass its engines' gates.

        Args:
            gated: nothing was trained, so that decisions must stay as they were; otherwise the figures are only told.

        Raises:
            GateFailed: too many decisions changed, or an engine does not answer as the dynamic graph.
        """
        model.eval()
        change = compare_models(self.load(source), model, self.dev_rows, self.labels)
        print(
            f"{folder.name} against {source.name}: largest difference {change.max_abs_diff:.3g}, "
            f"same decisions {change.agreement:.2%}",
            flush=True,
        )
        if gated:
            parity.require(change, f"{folder.name} against {source.name}", None, self.min_agreement)
        self.save(model, folder, stage, metrics)
        print(f"{folder.name}, dev: {format_metrics(metrics)}", flush=True)
        export(model, self.vocabulary, folder, self.labels, stage, metrics, self.target)
        return folder
