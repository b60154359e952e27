# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What train.py and evaluate.py do, in order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.models import checkpoint
from common.train import finetune
from common.train.options import TrainingOptions
from common.train.resume import checkpoint_to_resume
from common.train.trainer import arguments, seed_everything, set_device

import model
from data import read_labels

from aspect import metrics, trainer
from aspect.trainer import AspectTrainer, Corpus, ModelChoice
from aspect.warm_start import warm_words


def train(
    choice: ModelChoice,
    corpus: Corpus,
    training: TrainingOptions,
    warm_start_epochs: int,
    same_on_resume: Mapping[str, Any],
    run_options: Mapping[str, Any],
) -> dict[str, float]:
    """Train, keep the best checkpoint, score it on the development set.

    Args:
        training: how; its output_dir gets the checkpoint.
        warm_start_epochs: passes in which a bag-of-words classifier teaches the word table first; 0 for none.
        same_on_resume: further options, by name, that a resumed run must not change.
        run_options: all of the run's options by name, for the record.

    Returns:
        The metrics on the development set.
    """
    seed_everything(training.seed)
    trainer_arguments = arguments(training)
    folder = training.output_dir
    resume = checkpoint_to_resume(training, more=dict(same_on_resume))
    folder.mkdir(parents=True, exist_ok=True)
    network, vocabulary = trainer.start_model(choice, corpus, folder)
    rows = corpus.rows(corpus.train, vocabulary)
    if warm_start_epochs and not resume:
        words = model.backbone(network).embeddings.word_embeddings
        loss = warm_words(words, rows, len(corpus.labels.values), warm_start_epochs, training.seed)
        print(f"word table: {warm_start_epochs} passes of bag-of-words, loss {loss:.4f}", flush=True)
    aspect_trainer = AspectTrainer(
        corpus.labels,
        model=network,
        args=trainer_arguments,
        train_dataset=rows,
        eval_dataset=corpus.rows(corpus.dev, vocabulary),
    )
    aspect_trainer.train(resume)
    network.eval()
    scores = finetune.plain_metrics(aspect_trainer.evaluate())
    if trainer_arguments.should_save:
        trainer.save(network, vocabulary, folder, corpus, "original", scores, run_options)
    print(f"best checkpoint, dev: {finetune.format_metrics(scores)}", flush=True)
    return scores


def evaluate(
    folder: Path,
    path: Path,
    label_path: Path | None,
    max_length: int,
    batch_size: int,
    device: str | None,
    skip_bad_lines: bool,
) -> dict[str, float]:
    """Score the checkpoint in `folder` on a labelled file; prints and returns the metrics.

    Args:
        label_path: labels to compare with the checkpoint's own.
        max_length: tokens at which a row is cut.
        device: cpu, gpu or xpu; None takes a GPU where there is one.

    Raises:
        UserError: no checkpoint of this app, other labels, or data that cannot be read.
    """
    labels = trainer.labels_of(folder)
    if label_path is not None:
        trainer.check_labels(read_labels(label_path), labels, label_path)
    set_device(device)
    network = model.load(folder)
    rows = trainer.dataset(path, folder / checkpoint.VOCABULARY, labels, max_length, skip_bad_lines)
    logits = trainer.logits_of(network, rows, batch_size)
    scores = metrics.score(labels, [row.label for row in rows], logits.argmax(axis=1).tolist())
    print(f"{path.name}: {finetune.format_metrics(scores)}", flush=True)
    return scores
