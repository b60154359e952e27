# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""All widths of a fine-tuned classifier in one training, each kept at its best as a checkpoint of its own."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common import files, parity
from common.bundle.stage_names import width_stage
from common.cli import UserError
from common.compress import distill, ofa, train_widths
from common.export import write_bundle
from common.models import checkpoint
from common.models.encoders import encoder_of
from common.train import finetune
from common.train.options import TrainingOptions
from common.train.trainer import arguments, check_output_folder, is_first_process, seed_everything

import paddle
from paddle.nn import functional as F

from glue import data, export, model, trainer
from glue.data import TextSource
from glue.tasks import Task
from glue.trainer import GlueTrainer, Rows

SUPER_NETWORK = "super_network"  # stage of the folder that holds all widths, and of the training in it


class GlueDistiller(distill.DistillingTrainer, GlueTrainer):
    """Learns from the labels and from a teacher."""

    encoder_of = staticmethod(encoder_of)

    def teacher_outputs(self, inputs):
        return (self.teacher(inputs["input_ids"], inputs["token_type_ids"]),)

    def lesson_loss(self, outputs, teacher_outputs, inputs):
        if self.task.regression:
            return F.mse_loss(outputs[0], teacher_outputs[0])
        return ofa.soft_cross_entropy(outputs[0], teacher_outputs[0])

    def real_tokens(self, inputs):
        return (inputs["input_ids"] != 0).astype("float32")


class GlueWidthTrainer(distill.WidthTrainer, GlueDistiller):
    """The same at several widths of one super-network."""


@dataclass(frozen=True)
class WidthSettings:
    """How the widths are trained.

    Attributes:
        widths: shares of the heads and feed-forward neurons, 1.0 among them.
        importance_batches: training batches on which heads and neurons are scored.
        reorder: put the important ones first before training.
        distill: learn from the fine-tuned model as well as from the labels.
        selection_fraction: share of the training rows that is held back and chooses; as the fine-tuned model's.
    """

    widths: tuple[float, ...]
    importance_batches: int
    reorder: bool
    distill: bool
    selection_fraction: float


@dataclass(frozen=True)
class Run:
    """What a training of widths works with.

    Attributes:
        source: folder of the fine-tuned model.
        before: its `training.json`; empty where PaddleNLP fine-tuned it.
        network: it, later the super-network.
        rows: the data; its `dev` is seen by `report` only.
        folders: width to the folder of its checkpoint.
        run_options: all of the run's options by name, for the records.
    """

    source: Path
    before: dict
    task: Task
    text: TextSource
    settings: WidthSettings
    training: TrainingOptions
    network: paddle.nn.Layer
    rows: Rows
    folders: dict[float, Path]
    run_options: Mapping[str, Any]

    @property
    def vocabulary(self) -> Path:
        return self.source / checkpoint.VOCABULARY

    def record(self, stage: str, chosen_by: dict[str, float], **more: Any) -> dict:
        """What `training.json` says of one width, or of all."""
        fraction = self.settings.selection_fraction
        return trainer.record(self.run_options, self.task, self.text, fraction, stage, chosen_by, **more)


def prepare(
    source: Path,
    model_type: str | None,
    task: Task,
    text: TextSource,
    settings: WidthSettings,
    training: TrainingOptions,
    run_options: Mapping[str, Any],
) -> Run:
    """Check the fine-tuned model and the output folder, read the data, load the model.

    Raises:
        UserError: as of `check_source`, an output folder with something in it, or parts that do not fit together.
    """
    before = check_source(source, model_type, task, settings.selection_fraction)
    if training.output_dir.resolve() == source.resolve():
        raise UserError(f"--output_dir {training.output_dir}: that is the fine-tuned model itself; name another folder")
    if is_first_process():
        check_output_folder(training)
    seed_everything(training.seed)
    arguments(training)  # for the device, and for PaddleNLP's log to be quiet
    network, vocabulary = model.load_trained(str(source), task), source / checkpoint.VOCABULARY
    finetune.check_fit(network, vocabulary, text.max_length, "--max_seq_length")
    examples = data.read_examples(task, text, settings.selection_fraction)
    rows = trainer.encode(task, examples, vocabulary, text.max_length)
    folders = {share: training.output_dir / width_stage(share) for share in settings.widths}
    return Run(source, before, task, text, settings, training, network, rows, folders, run_options)


class GlueWidths:
    """One run, as `train_widths` asks for it."""

    metric = "score"  # decides between the evaluations of one width
    encoder_of = staticmethod(encoder_of)
    collate = staticmethod(data.collate)

    def __init__(self, run: Run):
        self.run, self.decide = run, export.kind_of(run.task).decide
        self.gate_batches = export.gate_batches(run.rows.selection[: export.GATE_ROWS])

    def trainer(self, **kwargs) -> GlueWidthTrainer:
        """The trainer of this app with its data; `kwargs` are those of `WidthTrainer`."""
        rows, distilled = self.run.rows, self.run.settings.distill
        return GlueWidthTrainer(
            self.run.task, distill=distilled, train_dataset=rows.train, eval_dataset=rows.selection, **kwargs
        )

    def load(self) -> paddle.nn.Layer:
        """The fine-tuned model once more, plain and of full width."""
        return model.load_trained(str(self.run.source), self.run.task)

    def loss(self, batch: dict) -> paddle.Tensor:
        """The network's loss on the labels of one batch, a scalar."""
        logits = self.run.network(batch["input_ids"], batch["token_type_ids"])
        return trainer.loss(self.run.task, logits, batch["label"])

    def answers(self, network: paddle.nn.Layer) -> list[parity.Outputs]:
        """A model's outputs for the rows on which each cut is compared with the super-network."""
        return write_bundle.answers(network, self.gate_batches)

    def save(self, small: paddle.nn.Layer, folder: Path, evaluated: dict) -> None:
        """Write one width's checkpoint; the super-network has this width now."""
        if not is_first_process():
            return
        chosen_by = finetune.plain_metrics(evaluated)
        gate = parity.compare(self.answers(self.run.network), self.answers(small), self.decide)
        record = self.run.record(folder.name, chosen_by, gate=asdict(gate))
        trainer.save(small, self.run.vocabulary, folder, record)
        print(f"{folder.name}, rows held back: {finetune.format_metrics(chosen_by)}", flush=True)


def train(run: Run, same_on_resume: Mapping[str, Any]) -> None:
    """Score heads and neurons on training rows, reorder, train all widths, cut each out at its best.

    Args:
        same_on_resume: options, by name, that a resumed run must not change.

    Raises:
        GateFailed: a cut does not compute what the super-network does at its width.
    """
    app = GlueWidths(run)
    train_widths.train_widths(
        run.network,
        run.training,
        trainer=app.trainer,
        encoder_of=app.encoder_of,
        load=app.load,
        loss_of=app.loss,
        rows=run.rows.train,
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
    """Score every width on dev, note it in its record, and list all widths in the record of the whole folder."""
    if not is_first_process():
        return
    if run.before.get("dev"):
        before = finetune.format_metrics(run.before["dev"])
        print(f"fine-tuned model, {run.task.name} dev: {before}", flush=True)
    found = {}
    for share, folder in run.folders.items():
        small = model.load(folder)
        scores = trainer.scores_on(small, run.task, run.rows.dev, run.training.per_device_eval_batch_size)
        files.write_json(folder / checkpoint.RECORD, trainer.record_of(folder) | {"dev": scores})
        found[folder.name] = {"width": share, "dev": scores}
        print(train_widths.told(share, folder, small), flush=True)
        print(f"    {run.task.name} dev: {finetune.format_metrics(scores)}", flush=True)
    files.write_json(run.training.output_dir / checkpoint.RECORD, run.record(SUPER_NETWORK, {}, widths=found))


def check_source(source: Path, model_type: str | None, task: Task, selection_fraction: float) -> dict:
    """What `training.json` says of the fine-tuned model; empty where PaddleNLP fine-tuned it.

    Raises:
        UserError: no folder, trained for something else, narrow already, or with other rows held back.
    """
    files.require(source / checkpoint.CONFIG, "fine-tuned model (run_glue.py writes one)")
    model.check_type(model_type, str(source))
    model.check_lower_case(str(source))
    if not (source / checkpoint.RECORD).exists():
        return {}
    record = trainer.record_of(source)
    if record["task"] != task.name:
        raise UserError(f"--task_name {task.name}: but {source} was fine-tuned for {record['task']}")
    if record["stage"] != "original":
        raise UserError(f"{source}: a model of the stage `{record['stage']}`; give the one that run_glue.py wrote")
    if record["selection_fraction"] != selection_fraction:
        raise UserError(
            f"--selection_fraction {selection_fraction}: but {source} was fine-tuned with "
            f"{record['selection_fraction']}, so it may know rows that are to choose; pass that, or fine-tune again"
        )
    return record
