# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What train.py and evaluate.py do, in order."""

from pathlib import Path

from common.models import checkpoint
from common.train import trainer as training
from common.train.options import SHAPE

import model as models
from data import read_labels

from aspect import trainer as finetune
from aspect.options import trainer_options
from aspect.trainer import AspectTrainer
from aspect.warm_start import warm_words

# Options of which a resumed run must not have others, beside those of the Trainer.
SAME = (
    "base_model_name",
    "train_path",
    "label_path",
    "max_seq_len",
    "from_scratch",
    *SHAPE,
    "warm_start_epochs",
)


def train(options) -> dict[str, float]:
    """Train, keep the best checkpoint, score it on the development set."""
    settings = trainer_options(options)
    training.seed_everything(options.seed)
    arguments = training.arguments(settings)
    labels = read_labels(options.label_path)
    resume = training.checkpoint_to_resume(settings, more={name: getattr(options, name) for name in SAME})
    options.checkpoints.mkdir(parents=True, exist_ok=True)
    network, vocabulary = finetune.start_model(options, labels)
    reading = vocabulary, labels, options.max_seq_len, options.skip_bad_lines
    rows = finetune.dataset(options.train_path, *reading)
    if options.warm_start_epochs and not resume:
        words = models.backbone(network).embeddings.word_embeddings
        loss = warm_words(words, rows, len(labels.values), options.warm_start_epochs, options.seed)
        print(f"word table: {options.warm_start_epochs} passes of bag-of-words, loss {loss:.4f}", flush=True)
    trainer = AspectTrainer(
        labels,
        model=network,
        args=arguments,
        train_dataset=rows,
        eval_dataset=finetune.dataset(
            options.dev_path, vocabulary, labels, options.max_seq_len, options.skip_bad_lines
        ),
    )
    trainer.train(resume)
    network.eval()
    metrics = finetune.plain_metrics(trainer.evaluate())
    if arguments.should_save:
        finetune.save(network, vocabulary, options.checkpoints, options, labels, "original", metrics)
    print(f"best checkpoint, dev: {finetune.format_metrics(metrics)}", flush=True)
    return metrics


def evaluate(options) -> dict[str, float]:
    """Score a checkpoint on a labelled file."""
    labels = finetune.labels_of(options.checkpoints)
    if options.label_path is not None:
        given = read_labels(options.label_path)
        finetune.check_labels(given, labels, options.label_path)
    training.set_device(options.device)
    network = models.load(options.checkpoints)
    rows = finetune.dataset(
        options.test_path,
        options.checkpoints / checkpoint.VOCABULARY,
        labels,
        options.max_seq_len,
        options.skip_bad_lines,
    )
    logits = finetune.logits_of(network, rows, options.batch_size)
    metrics = finetune.score(labels, [row.label for row in rows], logits.argmax(axis=1).tolist())
    print(f"{Path(options.test_path).name}: {finetune.format_metrics(metrics)}", flush=True)
    return metrics
