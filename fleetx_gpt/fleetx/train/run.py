# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From settings to a trainer that has its network, its rows and its state."""

from dataclasses import dataclass
from pathlib import Path

from paddle import nn

from fleetx.compress.distill import TEACHER
from fleetx.models.build import parameter_count
from fleetx.parallel.alone import Alone
from fleetx.parallel.processes import join
from fleetx.settings.model import ModelSettings
from fleetx.settings.settings import Settings
from fleetx.state import checkpoints, resume, weights
from fleetx.train import place, seeds, tasks
from fleetx.train.compression import CompressionPlan
from fleetx.train.trainer import Trainer


@dataclass
class Start:
    """What a run begins with.

    Attributes:
        found: the checkpoint that the weights and the tokenizer come from; None for new weights.
        resumes: whether its step and its optimiser's state hold as well.
    """

    model: ModelSettings
    network: nn.Layer
    found: checkpoints.Checkpoint | None
    resumes: bool


def start(settings: Settings, processes: Alone) -> Start:
    """The network that is gone on from, is to be compressed, or is new, in this order; this process's part of it.

    Raises:
        UserError: a checkpoint that is not there, is damaged, or has other sizes than the configuration.
    """
    resumed = settings.Engine.save_load.ckpt_dir
    if resumed:
        found = checkpoints.open_folder(resumed)
        resume.check_same(settings, found)
    elif settings.Compress.pretrained:
        found = checkpoints.open_folder(settings.Compress.pretrained, "Compress.pretrained")
    else:
        seeds.seed_everything(settings.Global.seed)
        return Start(settings.Model, processes.build(settings.Model), None, False)
    model = checkpoints.agreed(settings, found)
    return Start(model, found.network(model, processes.layers(model)), found, bool(resumed))


def plan_of(settings: Settings, begin: Start) -> CompressionPlan:
    """What is compressed, and when.

    Raises:
        UserError: a teacher that is not there or does not fit, or a step that the run does not reach.
    """
    plan = CompressionPlan(settings, begin.found, begin.network, begin.resumes)
    engine, compress = settings.Engine, settings.Compress
    steps = {"Compress.Prune.end_step": max(plan.schedule, default=0)}
    if compress.Quantization.enable:
        steps["Compress.Quantization.start_step"] = compress.Quantization.start_step
    for key, step in steps.items():
        if engine.run_mode == "step" and step >= engine.max_steps:
            raise settings.wrong(key, f"{step} is not before Engine.max_steps, which is {engine.max_steps}")
    return plan


def vocabulary_folder(settings: Settings, begin: Start) -> Path | None:
    """Where the tokenizer comes from: the network's checkpoint, or the teacher whose logits are to be compared."""
    if begin.found:
        return begin.found.folder
    teacher = settings.Compress.Distillation
    if not teacher.enable:
        return None
    return checkpoints.find(teacher.Teacher.save_load.ckpt_dir, f"{TEACHER}.save_load.ckpt_dir")


def trainer_of(settings: Settings) -> Trainer:
    """Ready to run.

    Raises:
        UserError, EnvironmentLacks: settings that data, checkpoints or the machine do not bear out.
    """
    place.prepare(settings)
    processes = join(settings)
    begin = start(settings, processes)
    if processes.chief:
        resume.check_output(settings, begin.resumes)
        resume.clean(settings)
    processes.wait()
    task = tasks.task_of(settings, begin.model, vocabulary_folder(settings, begin))
    trainer = Trainer(settings, begin.model, begin.network, task, plan_of(settings, begin), processes)
    if begin.resumes:
        trainer.resume(begin.found, weights.read(begin.found.folder / checkpoints.OPTIMIZER))
    return trainer


def train(settings: Settings) -> dict[str, float]:
    """Train as configured; the last figures."""
    trainer = trainer_of(settings)
    rows, steps = len(trainer.task.train), trainer.order.steps_per_epoch
    count = f"{parameter_count(trainer.network):,} parameters{' in this process' if trainer.is_cut else ''}"
    if trainer.processes.chief:
        print(f"{count}, {rows:,} rows, {steps:,} steps per epoch, from step {trainer.step}", flush=True)
    return trainer.run()
