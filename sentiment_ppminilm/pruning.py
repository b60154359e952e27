# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Width pruning of a trained aspect classifier: one training, one small checkpoint per width."""

from copy import deepcopy
from pathlib import Path

from common import checkpoint, distilling, ofa, parity, training, width

import exporting
import finetune
import model as models
import train as training_options
from finetune import AspectTrainer
from paddle.nn import functional as F


def encoder_of(network):
    return models.backbone(network).encoder


class AspectDistiller(distilling.DistillingTrainer, AspectTrainer):
    """Learns from the labels and from a teacher."""

    encoder_of = staticmethod(encoder_of)

    def teacher_outputs(self, inputs):
        return (self.teacher(inputs["input_ids"], inputs["token_type_ids"]),)

    def lesson_loss(self, outputs, teacher_outputs, inputs):
        return ofa.soft_cross_entropy(outputs[0], teacher_outputs[0])

    def real_tokens(self, inputs):
        return (inputs["input_ids"] != 0).astype("float32")


class AspectWidthTrainer(distilling.WidthTrainer, AspectDistiller):
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
    trainer_options = training_options.trainer_options(options, output_dir=options.output_dir)
    training.seed_everything(options.seed)
    network = models.load(source)
    finetune.check_fit(network, vocabulary, options.max_seq_len, labels)
    train_rows = finetune.dataset(options.train_path, vocabulary, labels, options)
    dev_rows = finetune.dataset(options.dev_path, vocabulary, labels, options)
    teacher = deepcopy(network)

    def loss_of(batch):
        return F.cross_entropy(network(batch["input_ids"], batch["token_type_ids"]), batch["label"])

    batches = distilling.first_batches(
        train_rows, finetune.collate, options.batch_size, options.seed, options.importance_batches
    )
    network.eval()
    encoder = encoder_of(network)
    ofa.reorder(encoder, ofa.importance(network, encoder, batches, loss_of))

    folders = {ratio: options.output_dir / f"width_{ratio:g}" for ratio in options.width_mult_list}
    work = options.output_dir / "super_network"
    resume = distilling.checkpoint_of_step(trainer_options, work)

    def save(small, folder: Path, evaluated: dict) -> None:
        metrics = finetune.plain_metrics(evaluated)
        finetune.save(small, vocabulary, folder, options, labels, "width", metrics)
        print(f"{folder.name}, dev: {finetune.told(metrics)}", flush=True)

    gate_rows = exporting.gate_batches(dev_rows)
    keep = distilling.KeepBest(
        folders,
        "f1",
        cut=lambda super_network, ratio: distilling.cut_out(super_network, models.load(source), encoder_of, ratio),
        compare=lambda super_network, small: parity.compare(
            exporting.reference_of(super_network, gate_rows), exporting.reference_of(small, gate_rows), exporting.decide
        ),
        save=save,
        resumed=resume is not None,
    )
    trainer = AspectWidthTrainer(
        labels,
        teacher=teacher,
        widths=options.width_mult_list,
        keep=keep,
        model=network,
        args=training.arguments(trainer_options, output_dir=str(work)),
        train_dataset=train_rows,
        eval_dataset=dev_rows,
    )
    trainer.train(resume)
    for ratio, folder in folders.items():
        parameters = width.parameter_count(models.load(folder)) / 1e6
        print(f"width {ratio:g}: {folder}, {parameters:.1f} M parameters", flush=True)
    return list(folders.values())
