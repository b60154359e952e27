# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""All widths of a fine-tuned classifier in one training, each kept at its best as a checkpoint of its own."""

import os
from dataclasses import asdict
from functools import partial
from pathlib import Path

from common import files, parity
from common.bundle.stage_names import width_stage
from common.cli import UserError
from common.compress import distill, ofa, train_widths
from common.export import write_bundle
from common.models import checkpoint
from common.models.encoders import encoder_of
from common.train import finetune as finetuning
from common.train import trainer

from paddle.nn import functional as F

from glue import data, export, tasks
from glue import model as models
from glue import trainer as finetune
from glue.trainer import GlueTrainer

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


def run(options) -> dict[float, Path]:
    """Score heads and neurons on training rows, reorder, train all widths, cut each out at its best, report on dev.

    Returns:
        The folder of each width's checkpoint, `width_0.6667` and so on in the output folder.

    Raises:
        GateFailed: a cut does not compute what the super-network does at its width.
    """
    task, source = tasks.find(options.task_name), Path(options.model_name_or_path)
    trainer_options = options.trainer_options()
    before = check_source(options, task, source)
    first = not int(os.environ.get("PADDLE_TRAINER_ID", 0))  # of several processes one looks after the folder
    if first:
        check_folder(options)
    trainer.seed_everything(options.seed)
    trainer.arguments(trainer_options)  # for the device, and for PaddleNLP's log to be quiet
    network, vocabulary = models.load_trained(str(source), task), source / checkpoint.VOCABULARY
    finetuning.check_fit(network, vocabulary, options.max_seq_length, "--max_seq_length")
    examples = finetune.examples_of(task, options)

    def rows(part):
        return finetune.rows_of(task, part, vocabulary, options.max_seq_length)

    train_rows, selection_rows = rows(examples.train), rows(examples.selection)
    gate_rows, kind = export.gate_batches(selection_rows[: export.GATE_ROWS]), export.kind_of(task)
    folders = {ratio: options.output_dir / width_stage(ratio) for ratio in options.width_mult_list}

    def answers(model):
        return write_bundle.answers(model, gate_rows)

    def save(small, folder: Path, evaluated: dict) -> None:
        if not first:
            return
        metrics = finetuning.plain_metrics(evaluated)
        gate = parity.compare(answers(network), answers(small), kind.decide)  # `network` stands at this width now
        record = finetune.record_for(options, task, folder.name, metrics, gate=asdict(gate))
        finetune.save(small, vocabulary, folder, record)
        print(f"{folder.name}, rows held back: {finetune.told(metrics)}", flush=True)

    train_widths.train_widths(
        network,
        trainer_options,
        trainer=partial(
            GlueWidthTrainer,
            task,
            distill=options.distill,
            train_dataset=train_rows,
            eval_dataset=finetune.by_length(selection_rows),
        ),
        encoder_of=encoder_of,
        load=lambda: models.load_trained(str(source), task),
        loss_of=lambda batch: finetune.loss(task, network(batch["input_ids"], batch["token_type_ids"]), batch["label"]),
        rows=train_rows,
        collate=data.collate,
        importance_batches=options.importance_batches,
        folders=folders,
        metric="score",
        answers=answers,
        decide=kind.decide,
        save=save,
        work=options.output_dir / SUPER_NETWORK,
        reorder=options.reorder,
        more=options.same_on_resume(),
    )
    if first:
        report(options, task, folders, {split: rows(part) for split, part in examples.dev.items()}, before)
    return folders


def check_source(options, task: tasks.Task, source: Path) -> dict:
    """What `training.json` says of the fine-tuned model; empty where PaddleNLP fine-tuned it.

    Raises:
        UserError: no folder, trained for something else, narrow already, or with other rows held back.
    """
    files.require(source / checkpoint.CONFIG, "fine-tuned model (run_glue.py writes one)")
    models.check_type(options.model_type, str(source))
    models.check_lower_case(str(source))
    if not (source / checkpoint.RECORD).exists():
        return {}
    record = finetune.record_of(source)
    if record["task"] != task.name:
        raise UserError(f"--task_name {task.name}: but {source} was fine-tuned for {record['task']}")
    if record["stage"] != "original":
        raise UserError(f"{source}: a model of the stage `{record['stage']}`; give the one that run_glue.py wrote")
    if record["selection_fraction"] != options.selection_fraction:
        raise UserError(
            f"--selection_fraction {options.selection_fraction}: but {source} was fine-tuned with "
            f"{record['selection_fraction']}, so it may know rows that are to choose; pass that, or fine-tune again"
        )
    return record


def check_folder(options) -> None:
    """Raises `UserError` where something would be overwritten that nobody gave up."""
    folder = options.output_dir
    if folder.resolve() == Path(options.model_name_or_path).resolve():
        raise UserError(f"--output_dir {folder}: that is the fine-tuned model itself; name another folder")
    going_on = options.overwrite_output_dir or options.resume_from_checkpoint
    if folder.is_dir() and any(folder.iterdir()) and not going_on:
        raise UserError(f"{folder} is not empty; pass --overwrite_output_dir or --resume_from_checkpoint last")


def report(options, task: tasks.Task, folders: dict[float, Path], dev: dict[str, list], before: dict) -> None:
    """Score every width on dev, note it in its record, and list all widths in the record of the whole folder."""
    if before.get("dev"):
        print(f"fine-tuned model, {task.name} dev: {finetune.told(before['dev'])}", flush=True)
    found = {}
    for ratio, folder in folders.items():
        small = models.load(folder)
        scores = finetune.scores_on(small, task, dev, options.eval_batch_size)
        files.write_json(folder / checkpoint.RECORD, finetune.record_of(folder) | {"dev": scores})
        found[folder.name] = {"width": ratio, "dev": scores}
        print(train_widths.told(ratio, folder, small), flush=True)
        print(f"    {task.name} dev: {finetune.told(scores)}", flush=True)
    record = finetune.record_for(options, task, SUPER_NETWORK, {}, widths=found)
    files.write_json(options.output_dir / checkpoint.RECORD, record)
