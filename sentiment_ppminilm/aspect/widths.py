# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Width pruning of a trained aspect classifier: one training, one small checkpoint per width."""

from functools import partial
from pathlib import Path

from common.compress import distill, ofa, train_widths
from common.export import write_bundle
from common.models import checkpoint
from common.models.encoders import encoder_of
from common.train import trainer

import model as models
from paddle.nn import functional as F

from aspect import export
from aspect import trainer as finetune
from aspect.options import trainer_options
from aspect.trainer import AspectTrainer


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


def run(options) -> list[Path]:
    """Score heads and neurons on training data, reorder, train the widths with the full model as teacher, cut them out.

    Returns:
        The folders of the small checkpoints, `width_<ratio>` in the output folder.

    Raises:
        GateFailed: a cut does not compute what the super-network does at its width.
    """
    source = options.checkpoints
    labels, vocabulary = finetune.labels_of(source), source / checkpoint.VOCABULARY
    trainer.seed_everything(options.seed)
    network = models.load(source)
    finetune.check_fit(network, vocabulary, options.max_seq_len, labels)
    train_rows = finetune.dataset(options.train_path, vocabulary, labels, options.max_seq_len, options.skip_bad_lines)
    dev_rows = finetune.dataset(options.dev_path, vocabulary, labels, options.max_seq_len, options.skip_bad_lines)
    gate_rows = export.gate_batches(dev_rows[: export.GATE_ROWS])
    folders = {ratio: options.output_dir / f"width_{ratio:g}" for ratio in options.width_mult_list}

    def save(small, folder: Path, evaluated: dict) -> None:
        metrics = finetune.plain_metrics(evaluated)
        finetune.save(small, vocabulary, folder, options, labels, "width", metrics)
        print(f"{folder.name}, dev: {finetune.format_metrics(metrics)}", flush=True)

    train_widths.train_widths(
        network,
        trainer_options(options, output_dir=options.output_dir),
        trainer=partial(AspectWidthTrainer, labels, train_dataset=train_rows, eval_dataset=dev_rows),
        encoder_of=encoder_of,
        load=lambda: models.load(source),
        loss_of=lambda batch: F.cross_entropy(network(batch["input_ids"], batch["token_type_ids"]), batch["label"]),
        rows=train_rows,
        collate=finetune.collate,
        importance_batches=options.importance_batches,
        folders=folders,
        metric="f1",
        answers=lambda model: write_bundle.answers(model, gate_rows),
        decide=export.KIND.decide,
        save=save,
        work=options.output_dir / "super_network",
    )
    for ratio, folder in folders.items():
        print(train_widths.told(ratio, folder, models.load(folder)), flush=True)
    return list(folders.values())
