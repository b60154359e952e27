# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""All widths of a fine-tuned tagger in one training, each kept at its best as a checkpoint of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.bundle.stage_names import width_stage
from common.cli import UserError
from common.compress import distill, ofa, train_widths
from common.models import checkpoint
from common.models.encoders import encoder_of
from common.train import finetune
from common.train.options import TrainingOptions
from common.train.trainer import check_output_folder, is_first_process, seed_everything, set_device

import paddle

from ner import gate, model, trainer
from ner.data import Corpus, DevSet, collate, read_corpus
from ner.trainer import NerTrainer, Start, tag_loss

SUPER_NETWORK = "super_network"  # folder of the training


class NerDistiller(distill.DistillingTrainer, NerTrainer):
    """Learns from the labels and from a teacher."""

    encoder_of = staticmethod(encoder_of)

    def teacher_outputs(self, inputs):
        return (self.teacher(inputs["input_ids"]),)

    def lesson_loss(self, outputs, teacher_outputs, inputs):
        return ofa.soft_cross_entropy(outputs[0], teacher_outputs[0], characters(inputs["input_ids"]))

    def real_tokens(self, inputs):
        return (inputs["input_ids"] != 0).astype("float32")


class NerWidthTrainer(distill.WidthTrainer, NerDistiller):
    """The same at several widths of one super-network."""


def characters(ids: paddle.Tensor) -> paddle.Tensor:
    """float32 [batch, length], 1 where the teacher's tags are a lesson: not at padding, [CLS] (first) and [SEP] (last).

    Args:
        ids: int64 [batch, length], padded with 0.
    """
    real = (ids != 0).astype("float32")
    inner = real.clone()
    inner[:, :-1] = real[:, 1:]  # a real token follows: so it is not the last one
    inner[:, -1] = 0
    inner[:, 0] = 0
    return inner


@dataclass(frozen=True)
class WidthSettings:
    """How the widths are trained.

    Attributes:
        widths: share of the heads and feed-forward neurons to the word that was typed for it.
        importance_batches: training batches on which heads and neurons are scored.
        reorder: put the important ones first before training.
        distill: learn from the full model as well as from the labels.
    """

    widths: dict[float, str]
    importance_batches: int
    reorder: bool
    distill: bool


@dataclass(frozen=True)
class Run:
    """What a training of widths works with.

    Attributes:
        source: folder of the fine-tuned model.
        begun: its network, which becomes the super-network, and the data.
        folders: width to the folder of its checkpoint, `model_<width as typed>`.
        run_options: all of the run's options by name, for the records.
    """

    source: Path
    begun: Start
    settings: WidthSettings
    training: TrainingOptions
    folders: dict[float, Path]
    run_options: Mapping[str, Any]


def prepare(
    source: Path,
    model_type: str,
    data_dir: Path | None,
    dev_set: DevSet,
    max_length: int,
    settings: WidthSettings,
    training: TrainingOptions,
    run_options: Mapping[str, Any],
) -> Run:
    """Check the fine-tuned model and the output folder, read the data, load the model.

    Args:
        data_dir: folder with train.txt and label.txt; None takes the hub's.
        max_length: tokens of a window; not more than the fine-tuned model's are taken.

    Raises:
        UserError: as of `check_source` and `check_corpus`, an output folder with something in it, or parts that do not
            fit together.
    """
    record = check_source(source, model_type)
    check_output_folder(training)
    seed_everything(training.seed)
    set_device(training.device)
    corpus = read_corpus(data_dir, dev_set, training.skip_bad_lines)
    check_corpus(source, record, corpus)
    length = trainer.length_for(record, max_length)
    begun = trainer.start(corpus, model.load(source), source / checkpoint.VOCABULARY, length)
    folders = {share: training.output_dir / f"model_{word}" for share, word in settings.widths.items()}
    return Run(source, begun, settings, training, folders, run_options)


class NerWidths:
    """One run, as `train_widths` asks for it."""

    metric = "f1"  # decides between the evaluations of one width
    encoder_of = staticmethod(encoder_of)
    collate = staticmethod(collate)
    decide = staticmethod(gate.decide)

    def __init__(self, run: Run):
        self.run, self.answers = run, run.begun.gate.answers
        self.stage_of = {folder: width_stage(share) for share, folder in run.folders.items()}

    def trainer(self, **kwargs) -> NerWidthTrainer:
        """The trainer of this app with its data; `kwargs` are those of `WidthTrainer`."""
        begun, distilled = self.run.begun, self.run.settings.distill
        rows = {"train_dataset": begun.train_rows, "eval_dataset": begun.dev_rows}
        return NerWidthTrainer(begun.corpus.labels, distill=distilled, **rows, **kwargs)

    def load(self) -> paddle.nn.Layer:
        """The fine-tuned model once more, plain and of full width."""
        return model.load(self.run.source)

    def loss(self, batch: dict) -> paddle.Tensor:
        """The network's loss on the labels of one batch, a scalar."""
        return tag_loss(self.run.begun.network(batch["input_ids"]), batch["labels"])

    def save(self, small: paddle.nn.Layer, folder: Path, evaluated: dict) -> None:
        """Write one width's checkpoint; the super-network has this width now."""
        if not is_first_process():
            return
        metrics, answers = finetune.plain_metrics(evaluated), self.answers(self.run.begun.network)
        trainer.save(self.run.begun, small, folder, self.run.run_options, self.stage_of[folder], metrics, answers)
        print(f"{folder.name}, dev: {finetune.format_metrics(metrics)}", flush=True)


def train(run: Run, same_on_resume: Mapping[str, Any]) -> None:
    """Score heads and neurons on training sentences, reorder, train all widths, cut each out at its best on dev.

    Args:
        same_on_resume: options, by name, that a resumed run must not change.

    Raises:
        GateFailed: a cut does not compute what the super-network does at its width.
    """
    app = NerWidths(run)
    train_widths.train_widths(
        run.begun.network,
        run.training,
        trainer=app.trainer,
        encoder_of=app.encoder_of,
        load=app.load,
        loss_of=app.loss,
        rows=run.begun.train_rows,
        collate=app.collate,
        importance_batches=run.settings.importance_batches,
        folders=run.folders,
        metric=app.metric,
        answers=app.answers,
        decide=app.decide,
        save=app.save,
        work=run.training.output_dir / SUPER_NETWORK,
        reorder=run.settings.reorder,
        more=dict(same_on_resume),
    )


def report(run: Run) -> None:
    """Say where each width's checkpoint lies and how large it is."""
    if is_first_process():
        for share, folder in run.folders.items():
            print(train_widths.told(share, folder, model.load(folder)), flush=True)


def check_source(source: Path, model_type: str) -> dict:
    """The record of the fine-tuned model.

    Raises:
        UserError: not one of this app's, of another type, or narrow already.
    """
    model.check_type(model_type, source)
    record = trainer.record_of(source)
    if record["stage"] != "original":
        raise UserError(f"{source}: a model of the stage `{record['stage']}`; give the one that run_msra_ner.py wrote")
    return record


def check_corpus(source: Path, record: dict, corpus: Corpus) -> None:
    """Raises `UserError` where the fine-tuned model had another development set, or other labels."""
    if record["split"] != corpus.split:
        raise UserError(
            f"{source} was trained with another development set ({format_split(record['split'])}), so it may know "
            f"sentences that are to choose here ({format_split(corpus.split)}); pass the same --dev_path, "
            "--dev_fraction and --split_seed"
        )
    if record["labels"] != corpus.labels:
        raise UserError(f"label.txt: {', '.join(corpus.labels)}; but {source} knows {', '.join(record['labels'])}")


def format_split(split: dict) -> str:
    """How a development set was chosen, in words; of a file the first letters of its checksum."""
    return ", ".join(f"{name} {str(value)[:12]}" for name, value in split.items())
