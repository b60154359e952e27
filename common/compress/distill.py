# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training with a teacher: at one width, or at several widths of one super-network (DynaBERT, Hou et al. 2020).

An app puts these classes before its own trainer, whose losses and metrics they use, and adds the hooks:

    class AspectDistiller(DistillingTrainer, AspectTrainer):
        def encoder_of(self, model): ...        # and the three others

    class AspectWidthTrainer(WidthTrainer, AspectDistiller):
        pass
"""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from common import files, parity
from common.compress import ofa
from common.models import checkpoint
from common.models.width import record, resize
from common.train import resume, trainer
from common.train.sampler import SeededSampler

import paddle
from paddle import nn
from paddle.io import DataLoader

HIDDEN_WEIGHT = 0.1  # of the hidden states' distance, as in DynaBERT


class DistillingTrainer(trainer.RecipeTrainer):
    """Learns from the labels and from a teacher: from its outputs and from its hidden states.

    The trainer behind it in the order of classes gives `outputs_and_loss(model, inputs)`: a tuple of outputs and the
    loss on the labels. Widths may differ between teacher and student, the number of layers and the hidden size not.

    Args:
        teacher: is put into evaluation mode; never trained.
        distill: False: learn from the labels alone, to see what the teacher is good for.
        args, kwargs: of the app's own trainer.
    """

    def __init__(self, *args, teacher: nn.Layer, distill: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.teacher, self.distill = teacher, distill
        teacher.eval()

    def encoder_of(self, model: nn.Layer) -> nn.TransformerEncoder:
        """The layers of the student or of the teacher whose hidden states are compared."""
        raise NotImplementedError

    def teacher_outputs(self, inputs: dict) -> tuple:
        """What `self.teacher` answers, in the order of `outputs_and_loss`; called without gradients."""
        raise NotImplementedError

    def lesson_loss(self, outputs: tuple, teacher_outputs: tuple, inputs: dict):
        """How far the outputs are from the teacher's: a scalar, mostly of `ofa.soft_cross_entropy`."""
        raise NotImplementedError

    def real_tokens(self, inputs: dict):
        """float32 [batch, length], 0 at padding."""
        raise NotImplementedError

    def teach(self, inputs: dict) -> tuple[tuple, list] | None:
        """The teacher's outputs, and its hidden states float32 [batch, length, hidden] per layer; not if not asked."""
        if not self.distill:
            return None
        with paddle.no_grad(), ofa.HiddenStates(self.encoder_of(self.teacher)) as states:
            return self.teacher_outputs(inputs), list(states)

    def student_loss(self, model: nn.Layer, inputs: dict, lesson: tuple[tuple, list] | None) -> tuple:
        """The student's outputs and its whole loss: labels, the teacher's outputs, the teacher's hidden states."""
        if lesson is None:
            return self.outputs_and_loss(model, inputs)
        with ofa.HiddenStates(self.encoder_of(self.model)) as states:  # `model` may be a wrapper around it
            outputs, loss = self.outputs_and_loss(model, inputs)
        teacher_outputs, teacher_states = lesson
        loss = loss + self.lesson_loss(outputs, teacher_outputs, inputs)
        return outputs, loss + HIDDEN_WEIGHT * ofa.hidden_distance(states, teacher_states, self.real_tokens(inputs))

    def compute_loss(self, model, inputs, return_outputs=False):
        outputs, loss = self.student_loss(model, inputs, self.teach(inputs))
        return (loss, (loss, *outputs)) if return_outputs else loss


class WidthTrainer(DistillingTrainer):
    """Trains several widths of one super-network, all of them in every step, and judges each of them.

    Args:
        widths: shares of the heads and neurons.
        keep: called at each evaluation as `keep(super-network at this width, width, what evaluate gave)`; a `KeepBest`.
    """

    def __init__(self, *args, widths: Iterable[float], keep: Callable[[nn.Layer, float, dict], None], **kwargs):
        super().__init__(*args, **kwargs)
        self.widths, self.keep = sorted(widths, reverse=True), keep
        ofa.make_elastic(self.encoder_of(self.model))

    def training_step(self, model, inputs):
        model.train()
        inputs = self._prepare_inputs(inputs)
        lesson = self.teach(inputs)
        steps = self.args.gradient_accumulation_steps * len(self.widths)
        total = 0.0
        for width in self.widths:
            ofa.set_width(self.encoder_of(self.model), width)
            with self.autocast_smart_context_manager():
                _, loss = self.student_loss(model, inputs, lesson)
            (self.scaler.scale(loss / steps) if self.do_grad_scaling else loss / steps).backward()
            total = total + loss.detach() / len(self.widths)
        self.check_finite(total)
        return total

    def evaluate(self, *args, **kwargs):
        """Scores every width, lets `keep` see each, and reports the mean."""
        per_width = []
        for width in self.widths:
            ofa.set_width(self.encoder_of(self.model), width)
            per_width.append(super().evaluate(*args, **kwargs))
            self.keep(self.model, width, per_width[-1])
        return {name: sum(scores[name] for scores in per_width) / len(per_width) for name in per_width[0]}


class KeepBest:
    """The best cut of each width by one metric is kept as a checkpoint of its own, gated against the super-network.

    Args:
        folders: width to the folder of its checkpoint.
        metric: its name in the checkpoints' records, with or without `eval_` in front.
        cut: (super-network, width) -> plain small model; see `cut_out`.
        compare: (super-network at that width, small model) -> as `parity.compare`.
        save: (super-network at that width, small model, width, folder, what evaluate gave) -> writes the checkpoint,
            the metric in its record.
        resumed: what lies in the folders is of this run, and is to be surpassed.
    """

    def __init__(
        self,
        folders: dict[float, Path],
        metric: str,
        cut: Callable[[nn.Layer, float], nn.Layer],
        compare: Callable[[nn.Layer, nn.Layer], parity.Comparison],
        save: Callable[[nn.Layer, nn.Layer, float, Path, dict], None],
        resumed: bool = False,
    ):
        self.folders, self.metric = folders, metric.removeprefix("eval_")
        self.cut, self.compare, self.save = cut, compare, save
        records = {width: folder / checkpoint.RECORD for width, folder in folders.items() if resumed}
        self.best: dict[float, float] = {
            width: files.read_json(path)["metrics"][self.metric] for width, path in records.items() if path.exists()
        }

    def __call__(self, model: nn.Layer, width: float, evaluated: dict) -> None:
        """
        Raises:
            GateFailed: the cut does not compute what the super-network does at this width; nothing is saved then.
        """
        score = evaluated[f"eval_{self.metric}"]
        if score <= self.best.get(width, float("-inf")):
            return
        self.best[width] = score
        small = self.cut(model, width)
        model.eval()
        same = self.compare(model, small)
        parity.require(same, f"width {width:g} cut out of the super-network", parity.FP32_TOLERANCE, 1.0)
        self.save(model, small, width, self.folders[width], evaluated)


def cut_out(
    model: nn.Layer, fresh: nn.Layer, encoder_of: Callable[[nn.Layer], nn.TransformerEncoder], width: float
) -> nn.Layer:
    """A plain small model with the super-network's weights at one width; its config records the widths.

    Args:
        model: the super-network.
        fresh: a plain model of the super-network's full shape; it is changed and given back.
        encoder_of: model -> the part of it that is cut.
    """
    fresh.set_state_dict(model.state_dict())
    resize(encoder_of(fresh), *ofa.sizes_at(encoder_of(model), width))
    record(encoder_of(fresh), fresh.config)
    return fresh


def first_batches(rows: Sequence, collate: Callable, size: int, seed: int, count: int) -> list[dict]:
    """The first batches of a training set in a seeded order, for importance and calibration.

    Args:
        rows: with `ids`.
        collate: list of rows -> name to array.
        size: rows per batch.
        count: batches; fewer come back where the set has not so many.
    """
    sampler = SeededSampler(rows, size, [len(row.ids) for row in rows], seed)
    return list(islice(DataLoader(rows, batch_sampler=sampler, collate_fn=collate), count))


def checkpoint_of_step(options, work: Path, more: dict | None = None) -> str | None:
    """Where one step of several, with a folder `work` of its own, goes on if it was interrupted.

    Without --resume_from_checkpoint it starts anew, and what is in `work` is deleted.

    Args:
        options: a `TrainingOptions`.
        more: further options that must be the same in a resumed run.

    Raises:
        UserError: as `common.train.resume.checkpoint_to_resume`.
    """
    if not options.resume_from_checkpoint:
        if not int(os.environ.get("PADDLE_TRAINER_ID", 0)):  # of several processes the first one looks after the folder
            shutil.rmtree(work, ignore_errors=True)
        return resume.checkpoint_to_resume(options, work, more)
    return resume.checkpoint_to_resume(replace(options, resume_from_checkpoint="last"), work, more)
