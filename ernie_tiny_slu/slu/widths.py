# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Width pruning: heads and neurons are scored, reordered, trained at all widths at once and cut out."""

from collections.abc import Sequence
from pathlib import Path

from common import files
from common.compress import distill, ofa, train_widths
from common.models import checkpoint
from common.models.encoders import encoder_of

from model import IGNORED, JointErnie

from slu.compress import Compression
from slu.export import compare_models
from slu.trainer import JointTrainer, plain_metrics


class JointDistiller(distill.DistillingTrainer, JointTrainer):
    """Learns intents and tags from the labels and from a teacher."""

    encoder_of = staticmethod(encoder_of)

    def teacher_outputs(self, inputs):
        return self.teacher(inputs["input_ids"])

    def lesson_loss(self, outputs, teacher_outputs, inputs):
        tagged = (inputs["slot_label"] != IGNORED).astype("float32")
        intents = ofa.soft_cross_entropy(outputs[0], teacher_outputs[0])
        return intents + ofa.soft_cross_entropy(outputs[1], teacher_outputs[1], tagged)

    def real_tokens(self, inputs):
        return (inputs["input_ids"] != 0).astype("float32")


class JointWidthTrainer(distill.WidthTrainer, JointDistiller):
    """The same at several widths of one super-network."""


class JointWidths(train_widths.App):
    """What the training of widths asks: the checkpoint it starts from, the data, where results go."""

    def __init__(self, run: Compression, source: Path):
        self.run, self.source = run, source

    def trainer(self, **parts):
        data = self.run.trainer_parts(parts["model"], parts["args"].output_dir)
        return JointWidthTrainer(self.run.labels, **{**data, **parts})

    def encoder_of(self, network):
        return encoder_of(network)

    def load(self):
        return self.run.load(self.source)

    def first_batches(self, count):
        return self.run.first_batches(count)

    def loss(self, network: JointErnie, batch: dict):
        return network.loss(*network(batch["input_ids"]), batch["intent_label"], batch["slot_label"])

    def compare(self, super_network, small):
        return compare_models(super_network, small, self.run.dev_rows, self.run.labels)

    def save(self, super_network, small, share, folder, evaluated):
        self.run.save(small, folder, "width", plain_metrics(evaluated))


def prune_widths(
    run: Compression, source: Path, name: str, widths: Sequence[float], importance_batches: int
) -> list[Path]:
    """A bundle of each width from the checkpoint in `source`, after one training of all of them.

    Args:
        name: of the stages so far; begins the results' names.
        widths: shares of the heads and feed-forward neurons.
        importance_batches: training batches on which heads and neurons are scored.
    """
    folders = {share: run.folder(name, f"width_mult_{share:g}") for share in widths}
    train_widths.train_widths(
        run.load(source),
        JointWidths(run, source),
        folders,
        run.folder(name, "dynabert"),
        run.training,
        metric=run.training.metric_for_best_model or "eval_accuracy",
        importance_batches=importance_batches,
        more=run.same_on_resume,
    )
    made = []
    for folder in folders.values():
        metrics = files.read_json(folder / checkpoint.RECORD)["metrics"]
        made.append(run.finish(run.load(folder), folder, "width", metrics, source, gated=False))
    return made
