# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Any combination in one run, in this order: dense, score, shrink, learn from the teacher, quantise."""

from typing import Any

import numpy as np
import paddle

from fleetx.compress import distill, importance, prune
from fleetx.models import quantize
from fleetx.models.build import parameter_count
from fleetx.models.shape import Shape
from fleetx.settings.compress import QuantizationSettings
from fleetx.settings.settings import Settings
from fleetx.state import checkpoints
from fleetx.train.trainer import Plan, Trainer

SCORING = 7  # keeps the rows that are scored on apart from other draws of the same step


class CompressionPlan(Plan):
    """What `Compress` asks for, step by step.

    Attributes:
        quantization: how the network is quantised now; None as long as it is not.
        kept: numbers of the heads and channels that are left, by those of the dense network.

    Args:
        found: the checkpoint that the network comes from; None for a new one.
        resumes: whether the run goes on behind the checkpoint's step.
    """

    def __init__(self, settings: Settings, found: checkpoints.Checkpoint | None, network: Any, resumes: bool):
        self.settings, self.how = settings, settings.Compress
        self.quantization: QuantizationSettings | None = found.quantization if found else None
        record = found.progress.get("kept") if resumes else None
        self.dense = Shape.of_record(found.progress["dense"]) if record else network.shape
        self.kept = prune.Kept.of_record(record) if record else prune.Kept.all(network.shape)
        self.schedule = self.how.Prune.schedule() if self.how.Prune.enable else {}
        self.teacher = None
        self.figures = ("loss", "plain", "distil") if self.how.Distillation.enable else ("loss",)
        if self.how.Distillation.enable:
            self.teacher = distill.teacher_of(settings, network, found)
        self._check(found, resumes)

    def _check(self, found: checkpoints.Checkpoint | None, resumes: bool) -> None:
        if found is None or found.quantization is None:
            return
        where = found.folder
        if self.schedule and not resumes:
            raise self.settings.wrong("Compress.Prune.enable", f"{where} is quantised already; prune before quantising")
        if self.how.Quantization.enable:
            for name, value in vars(found.quantization).items():
                if name not in ("enable", "start_step") and value != getattr(self.how.Quantization, name):
                    asked = getattr(self.how.Quantization, name)
                    raise self.settings.wrong(
                        f"Compress.Quantization.{name}", f"is {asked}, but {where} was quantised with {value}"
                    )

    def before_step(self, trainer: Trainer) -> None:
        """Prune or quantise if this is the step; the optimiser goes on with the moments of what is left."""
        if trainer.step in self.schedule:
            self.prune(trainer, self.schedule[trainer.step])
        wanted = self.how.Quantization
        if wanted.enable and self.quantization is None and trainer.step >= wanted.start_step:
            _, state = trainer.together(everyone=True)
            quantize.wrap(trainer.network, wanted)
            self.quantization = wanted
            trainer.new_optimizer(state)
            count = len(quantize.quantized_layers(trainer.network))
            trainer.progress.say(f"quantised at step {trainer.step}: {count} layers")

    def prune(self, trainer: Trainer, gone: float) -> None:
        """Cut until the share `gone` of the dense network's heads and channels is gone."""
        how = self.how.Prune
        before, state = trainer.whole()
        kept = prune.choose(self.scores(trainer, before), self.dense, gone, how.ranking)
        cuts = prune.cuts(before, kept)
        smaller = prune.shrink(before, kept)
        trainer.network = trainer.processes.part(smaller)
        trainer.precision.prepare(trainer.network)
        trainer.new_optimizer(prune.cut(state, cuts))
        self.kept = self.kept.then(kept)
        old, new = before.shape, smaller.shape
        trainer.progress.say(
            f"pruned at step {trainer.step} by {how.criterion}: heads {sum(old.heads)} -> {sum(new.heads)}, channels "
            f"{sum(old.ffn)} -> {sum(new.ffn)}, parameters {parameter_count(before):,} -> "
            f"{parameter_count(smaller):,}"
        )

    def scores(self, trainer: Trainer, whole: Any) -> importance.Importance:
        """Of the whole network's heads and channels; all processes look at the same rows and find the same."""
        how = self.how.Prune
        if how.criterion in ("l1_norm", "l2_norm"):
            return importance.by_weights(whole, how.criterion)
        return importance.by_batches(
            whole, how.criterion, self._rows(trainer), lambda batch: self._plain_loss(trainer, whole, batch)
        )

    def _rows(self, trainer: Trainer):
        """Training batches for scoring, drawn by seed and step."""
        random = np.random.default_rng([self.settings.Global.seed, trainer.step, SCORING])
        size = min(self.settings.Global.micro_batch_size, len(trainer.task.train))
        for _ in range(self.how.Prune.calibration_batches):
            rows = random.choice(len(trainer.task.train), size, replace=False)
            yield trainer.task.train.batch(rows)

    @staticmethod
    def _plain_loss(trainer: Trainer, whole: Any, batch):
        inputs, labels = (paddle.to_tensor(each) for each in batch)
        with trainer.precision.autocast():
            return trainer.task.loss(whole, whole(inputs), labels)

    def loss(self, trainer: Trainer, inputs, logits, labels) -> tuple[Any, dict[str, float]]:
        """loss + distill_loss_ratio * distillation loss; without a teacher the loss alone."""
        plain = trainer.task.loss(trainer.network, logits, labels)
        if self.teacher is None:
            return plain, {}
        how = self.how.Distillation
        compared = distill.LOSSES[how.distillation_loss_type]
        apart = compared(trainer.network.whole(logits), distill.logits_of(self.teacher, inputs), how.T)
        return plain + how.distill_loss_ratio * apart, {"plain": float(plain), "distil": float(apart)}

    def record(self) -> dict[str, Any]:
        """What a checkpoint's progress holds of it: the shape before and what is left of it."""
        return {"kept": self.kept.record(), "dense": self.dense.record()}
