# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What run_glue.py does, in order: train, keep the best checkpoint, report it."""

from collections.abc import Mapping
from typing import Any

from common.train import finetune
from common.train.options import TrainingOptions
from common.train.trainer import arguments, checkpoint_to_resume, seed_everything

from glue import data, trainer
from glue.data import TextSource
from glue.tasks import Task
from glue.trainer import GlueTrainer, ModelChoice


def fine_tune(
    choice: ModelChoice,
    task: Task,
    text: TextSource,
    selection_fraction: float,
    training: TrainingOptions,
    same_on_resume: Mapping[str, Any],
    run_options: Mapping[str, Any],
) -> dict[str, float]:
    """Train, keep the checkpoint that is best on the rows held back, report it on dev.

    Args:
        selection_fraction: share of the training rows that is held back; with 0 the reported dev set chooses.
        same_on_resume: further options, by name, that a resumed run must not change.
        run_options: all of the run's options, for the record.

    Returns:
        The metrics on dev.
    """
    seed_everything(training.seed)
    trainer_arguments = arguments(training)
    examples = data.read_examples(task, text, selection_fraction)
    resume = checkpoint_to_resume(training, more=same_on_resume)
    training.output_dir.mkdir(parents=True, exist_ok=True)
    network, vocabulary = trainer.start_model(choice, task, examples.train, text.max_length, training.output_dir)
    rows = trainer.encode(task, examples, vocabulary, text.max_length)
    glue_trainer = GlueTrainer(
        task, model=network, args=trainer_arguments, train_dataset=rows.train, eval_dataset=rows.selection
    )
    glue_trainer.train(resume)
    network.eval()
    chosen_by = finetune.plain_metrics(glue_trainer.evaluate())
    scores = trainer.scores_on(network, task, rows.dev, training.per_device_eval_batch_size)
    if trainer_arguments.should_save:
        record = trainer.record(run_options, task, text, selection_fraction, "original", chosen_by, dev=scores)
        trainer.save(network, vocabulary, training.output_dir, record)
    reported = finetune.format_metrics(scores)
    print(f"best checkpoint: chosen by {chosen_by['score']:.4f}; {task.name} dev: {reported}", flush=True)
    return scores
