# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The training loop: steps, accumulated batches, evaluation, checkpoints; compression joins in by its plan."""

import math
from pathlib import Path
from typing import Any

from common.cli import UserError

import numpy as np
import paddle
from paddle import nn

from fleetx.parallel.alone import Alone, whole_network
from fleetx.settings.model import ModelSettings
from fleetx.settings.settings import Settings
from fleetx.state import checkpoints, resume, weights
from fleetx.train import optimizer, seeds, tasks
from fleetx.train.place import Precision
from fleetx.train.progress import Progress


class Plan:
    """No compression: what a plan may do. `train.compression` has the one that does."""

    quantization = None
    figures = ("loss",)
    """What `loss` tells, `loss` itself included."""

    def before_step(self, trainer: "Trainer") -> None:
        """Change the network at its step; what is changed shows in `trainer.network` and `trainer.optimizer`."""

    def loss(self, trainer: "Trainer", inputs, logits, labels) -> tuple[Any, dict[str, float]]:
        """What is minimised, and further figures to tell."""
        return trainer.task.loss(trainer.network, logits, labels), {}

    def record(self) -> dict[str, Any]:
        """What a checkpoint's progress holds of it."""
        return {}


class Trainer:
    """One run.

    Attributes:
        network, optimizer: as they are at this step, or this process's part of them.
        step: steps that are done.
    """

    def __init__(
        self,
        settings: Settings,
        model: ModelSettings,
        network: nn.Layer,
        task: Any,
        plan: Plan | None = None,
        processes: Alone | None = None,
    ):
        self.settings, self.model, self.network, self.task = settings, model, network, task
        self.plan, self.processes = plan or Plan(), processes or Alone()
        self.order = tasks.order_of(settings, task)
        self.precision = Precision(settings.Engine.mix_precision)
        self.precision.prepare(network)
        self.precision.scaler = self.processes.scaler(self.precision.scaler)
        self.step = 0
        self.new_optimizer({})

    @property
    def last_step(self) -> int:
        engine = self.settings.Engine
        return engine.max_steps if engine.run_mode == "step" else engine.num_train_epochs * self.order.steps_per_epoch

    @property
    def output(self) -> Path:
        return Path(self.settings.Engine.save_load.output_dir)

    def new_optimizer(self, state: optimizer.Arrays) -> None:
        """For the network as it is now, with a state by weights' names, of the whole network."""
        half = self.precision.how.enable and self.precision.how.level == "O2"
        self.optimizer = optimizer.build(self.network, self.settings.Optimizer, half)
        self.forward, self.updater = self.processes.updater(self.network, self.optimizer)
        if state:
            optimizer.restore(self.optimizer, self.network, self.network.factory.part(self.network, state))

    def resume(self, found: checkpoints.Checkpoint, state: optimizer.Arrays) -> None:
        """Go on behind the step of a checkpoint whose weights the network has."""
        self.step = found.progress["step"]
        self.new_optimizer(state)
        self.precision.restore(found.progress.get("scaler"))

    def run(self) -> dict[str, float]:
        """Train to the last step; the figures of the last evaluation, or of the last step."""
        engine = self.settings.Engine
        log = self.output / "visualdl" if engine.visualdl else None
        self.progress = Progress(self.step, self.last_step, self.task.unit, log, self.processes.chief)
        figures: dict[str, float] = {}
        saved = self.step
        try:
            while self.step < self.last_step:
                rate, told = self.one_step()
                if self.step % engine.logging_freq == 0 or self.step == self.last_step:
                    told = self.progress.log(self.step, **told, lr=rate)
                    figures = figures or told
                if self.task.eval is not None and (self.step % engine.eval_freq == 0 or self.step == self.last_step):
                    figures = self.evaluate()
                    self.progress.told("eval", self.step, figures)
                if self.is_due():
                    self.save()
                    saved = self.step
            if saved != self.step:
                self.save()
        finally:
            self.progress.close()
        return figures

    def one_step(self) -> tuple[float, dict[str, float]]:
        """Forward and backward for each micro batch, then one update; the learning rate and the mean losses.

        Raises:
            UserError: the loss is not a number.
        """
        settings, step, processes = self.settings, self.step, self.processes
        random = seeds.of_step(settings.Global.seed, step, processes.data_rank, processes.stage)
        self.plan.before_step(self)
        self.network.train()
        rate = optimizer.rate_at(step, settings.Global.global_batch_size, settings.Optimizer.lr)
        self.optimizer.set_lr(rate)
        rows = self.order.of_step(step, processes.data_rank, processes.data_ranks)
        sums = self.forward_and_backward(np.array_split(rows, settings.Global.accumulate_steps), random)
        sums = processes.mean(sums, self.plan.figures)
        if not math.isfinite(sums["loss"]):
            raise UserError(
                f"step {step + 1}: the loss is {sums['loss']}; lower Optimizer.lr.max_lr, or go on from the last "
                f"checkpoint in {self.output}"
            )
        processes.reduce(self.network)
        self.precision.step(self.updater)
        if self.plan.quantization:
            processes.agree(self.network, self.plan.quantization.activation_quantize_type == "abs_max")
        self.step += 1
        self.progress.advance(settings.Global.global_batch_size * self.task.rows_per_unit)
        return rate, sums

    def forward_and_backward(self, parts: list[np.ndarray], random: np.random.Generator) -> dict[str, float]:
        """Of each part's rows; the mean losses, at the end of a pipeline only."""
        sums: dict[str, float] = {}
        batches = (tuple(map(paddle.to_tensor, self.task.train_batch(part, random))) for part in parts)

        def loss_of(inputs, logits, labels):
            loss, more = self.plan.loss(self, inputs, logits, labels)
            for name, value in {"loss": float(loss), **more}.items():
                sums[name] = sums.get(name, 0.0) + value / len(parts)
            return loss / len(parts)

        if self.processes.pipeline:
            with self.precision.autocast():
                self.processes.pipeline.run(
                    list(batches), self.network, loss_of, self.precision.backward, self.network.boundary
                )
            return sums
        for inputs, labels in batches:
            with self.precision.autocast():
                loss = loss_of(inputs, self.forward(inputs), labels)
            self.precision.backward(loss)
        return sums

    def evaluate(self) -> dict[str, float]:
        """Every process looks at the same rows; those that share the network have to be there all."""
        settings = self.settings
        size, count = settings.Global.micro_batch_size, settings.Engine.eval_iters
        with self.precision.autocast():
            return tasks.evaluate(self.network, self.task, size, count, self.processes)

    def whole(self) -> tuple[nn.Layer, optimizer.Arrays]:
        """The network and the optimiser's state, as one process would have them."""
        arrays, state = self.together(everyone=True)
        if not self.is_cut:
            return self.network, state
        return whole_network(self.model, self.network.shape, arrays, self.network.training), state

    @property
    def is_cut(self) -> bool:
        """Whether other processes have other parts of the network."""
        return self.processes.pipeline is not None or self.network.factory.degree > 1

    def together(self, everyone: bool = False) -> tuple[optimizer.Arrays, optimizer.Arrays]:
        """Weights and the optimiser's state by name, with the other processes' parts; see `Alone.together`."""
        arrays, state = weights.arrays_of(self.network), optimizer.state_of(self.optimizer, self.network)
        return self.processes.together(self.network, arrays, state, self.output / resume.PARTS, everyone)

    def is_due(self) -> bool:
        """Whether a checkpoint is to be written behind this step."""
        how = self.settings.Engine.save_load
        if self.settings.Engine.run_mode == "step":
            return self.step % how.save_steps == 0
        return self.step % (how.save_epoch * self.order.steps_per_epoch) == 0

    def save(self) -> Path:
        """Write `epoch_E_step_S`, whole or not at all."""
        epoch = self.order.epoch_of(self.step)
        folder = self.output / f"epoch_{epoch}_step_{self.step}"
        arrays, state = self.together()
        if self.processes.chief:
            progress = {"step": self.step, "epoch": epoch, "scaler": self.precision.state(), **self.plan.record()}
            whole = checkpoints.Whole(self.network.shape, arrays)
            checkpoints.write(
                folder, whole, self.model, self.plan.quantization, self.task.vocabulary, state, progress, self.settings
            )
            checkpoints.keep_newest(self.output, self.settings.Engine.save_load.keep)
        self.processes.wait()
        self.progress.say(f"saved: {folder}")
        return folder
