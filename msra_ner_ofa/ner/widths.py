# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""All widths of a fine-tuned tagger in one training, each kept at its best as a checkpoint of its own."""

import os
from functools import partial
from pathlib import Path

from common.bundle.stage_names import width_stage
from common.cli import UserError
from common.compress import distill, ofa, train_widths
from common.models import checkpoint
from common.train import trainer

from ner import gate, model
from ner import trainer as finetune
from ner.data import collate, read_corpus
from ner.trainer import NerTrainer, tag_loss

# Options of which a resumed run must not have others, beside those of the Trainer.
SAME = (
    "model_name_or_path", "data_dir", "dev_path", "dev_fraction", "split_seed", "max_seq_length", "width_mult_list",
    "importance_batches", "reorder", "distill",
)  # fmt: skip


class NerDistiller(distill.DistillingTrainer, NerTrainer):
    """Learns from the labels and from a teacher."""

    encoder_of = staticmethod(model.encoder_of)

    def teacher_outputs(self, inputs):
        return (self.teacher(inputs["input_ids"]),)

    def lesson_loss(self, outputs, teacher_outputs, inputs):
        return ofa.soft_cross_entropy(outputs[0], teacher_outputs[0], characters(inputs["input_ids"]))

    def real_tokens(self, inputs):
        return (inputs["input_ids"] != 0).astype("float32")


class NerWidthTrainer(distill.WidthTrainer, NerDistiller):
    """The same at several widths of one super-network."""


def characters(ids):
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


def run(options) -> list[Path]:
    """Score heads and neurons on training sentences, reorder, train all widths, cut each out at its best on dev.

    Returns:
        The folders of the small checkpoints, `model_<width as typed>` in the output folder.

    Raises:
        GateFailed: a cut does not compute what the super-network does at its width.
    """
    source, trainer_options = options.model_name_or_path, options.trainer_options()
    record = check_source(options)
    check_folder(options)
    trainer.seed_everything(options.seed)
    trainer.set_device(options.device)
    corpus = read_corpus(options)
    if record["split"] != corpus.split:
        raise UserError(
            f"{source} was trained with another development set ({told(record['split'])}), so it may know sentences "
            f"that are to choose here ({told(corpus.split)}); pass the same --dev_path, --dev_fraction and --split_seed"
        )
    if record["labels"] != corpus.labels:
        raise UserError(f"label.txt: {', '.join(corpus.labels)}; but {source} knows {', '.join(record['labels'])}")
    network = model.load(source)
    length = finetune.length_for(record, options.max_seq_length)
    begun = finetune.start(corpus, network, source / checkpoint.VOCABULARY, length)
    folders = {ratio: options.output_dir / f"model_{word}" for ratio, word in options.widths().items()}
    first = not int(os.environ.get("PADDLE_TRAINER_ID", 0))  # of several processes one writes

    def save(small, folder: Path, evaluated: dict) -> None:
        if not first:
            return
        metrics, answers = finetune.plain_metrics(evaluated), begun.gate.answers(network)  # it has this width now
        (ratio,) = (ratio for ratio, place in folders.items() if place == folder)
        finetune.save(begun, small, folder, options, width_stage(ratio), metrics, answers)
        print(f"{folder.name}, dev: {finetune.told(metrics)}", flush=True)

    train_widths.train_widths(
        network,
        trainer_options,
        trainer=partial(
            NerWidthTrainer,
            corpus.labels,
            distill=options.distill,
            train_dataset=begun.train_rows,
            eval_dataset=begun.dev_rows,
        ),
        encoder_of=model.encoder_of,
        load=lambda: model.load(source),
        loss_of=lambda batch: tag_loss(network(batch["input_ids"]), batch["labels"]),
        rows=begun.train_rows,
        collate=collate,
        importance_batches=options.importance_batches,
        folders=folders,
        metric="f1",
        answers=begun.gate.answers,
        decide=gate.decide,
        save=save,
        work=options.output_dir / "super_network",
        reorder=options.reorder,
        more={name: getattr(options, name) for name in SAME},
    )
    if first:
        for ratio, folder in folders.items():
            print(train_widths.told(ratio, folder, model.load(folder)), flush=True)
    return list(folders.values())


def told(split: dict) -> str:
    return ", ".join(f"{name} {str(value)[:12]}" for name, value in split.items())


def check_source(options) -> dict:
    """The record of the fine-tuned model.

    Raises:
        UserError: not one of this app's, of another type, or narrow already.
    """
    source = options.model_name_or_path
    model.check_type(options.model_type, source)
    record = finetune.record_of(source)
    if record["stage"] != "original":
        raise UserError(f"{source}: a model of the stage `{record['stage']}`; give the one that run_msra_ner.py wrote")
    return record


def check_folder(options) -> None:
    """Raises `UserError` where something would be overwritten that nobody gave up."""
    folder = options.output_dir
    going_on = options.overwrite_output_dir or options.resume_from_checkpoint
    if folder.is_dir() and any(folder.iterdir()) and not going_on:
        raise UserError(f"{folder} is not empty; pass --overwrite_output_dir or --resume_from_checkpoint last")
