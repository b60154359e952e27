# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What run_glue.py does, in order."""

from common.train import finetune as finetuning
from common.train import trainer as training

from glue import tasks
from glue import trainer as finetune
from glue.trainer import GlueTrainer


def fine_tune(options) -> dict[str, float]:
    """Train, keep the checkpoint that is best on the rows held back, report it on dev."""
    task, trainer_options = tasks.find(options.task_name), options.trainer_options()
    training.seed_everything(options.seed)
    arguments = training.arguments(trainer_options)
    examples = finetune.examples_of(task, options)
    resume = training.checkpoint_to_resume(trainer_options, more=options.same_on_resume())
    options.output_dir.mkdir(parents=True, exist_ok=True)
    network, vocabulary = finetune.start_model(options, task, examples.train)

    def rows(part):
        return finetune.rows_of(task, part, vocabulary, options.max_seq_length)

    trainer = GlueTrainer(
        task,
        model=network,
        args=arguments,
        train_dataset=rows(examples.train),
        eval_dataset=finetune.by_length(rows(examples.selection)),
    )
    trainer.train(resume)
    network.eval()
    metrics = finetuning.plain_metrics(trainer.evaluate())
    dev = finetune.scores_on(
        network, task, {split: rows(part) for split, part in examples.dev.items()}, options.eval_batch_size
    )
    if arguments.should_save:
        record = finetune.record_for(options, task, "original", metrics, dev=dev)
        finetune.save(network, vocabulary, options.output_dir, record)
    print(f"best checkpoint: chosen by {metrics['score']:.4f}; {task.name} dev: {finetune.told(dev)}", flush=True)
    return dev
