# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What run_msra_ner.py and evaluate.py do, in order: train and keep the best checkpoint; score a checkpoint."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common.data.tags import TagDecoder
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import finetune
from common.train.options import TrainingOptions
from common.train.trainer import arguments, checkpoint_to_resume, seed_everything

import numpy as np

from ner import model, trainer
from ner.data import DevSet, collate, from_hub, joined, make_rows, read_corpus, read_sentences
from ner.metrics import score
from ner.trainer import NerTrainer
from ner.windows import CharacterEncoder

BEST = "model_best"


def train(
    name: str,
    shape: dict[str, int | None] | None,
    data_dir: Path | None,
    dev_set: DevSet,
    max_length: int,
    training: TrainingOptions,
    same_on_resume: Mapping[str, Any],
    run_options: Mapping[str, Any],
) -> dict[str, float]:
    """Train, keep the best checkpoint on the development set in `model_best`. The test set is never opened.

    Args:
        name, shape: the model that it begins with, as of `trainer.start_model`.
        data_dir: folder with train.txt and label.txt; None takes the hub's.
        max_length: tokens of a window.
        same_on_resume: further options, by name, that a resumed run must not change.
        run_options: all of the run's options, for the record.

    Returns:
        The metrics on the development set.
    """
    seed_everything(training.seed)
    trainer_arguments = arguments(training)
    corpus = read_corpus(data_dir, dev_set, training.skip_bad_lines)
    resume = checkpoint_to_resume(training, more=same_on_resume)
    training.output_dir.mkdir(parents=True, exist_ok=True)
    network, vocabulary = trainer.start_model(name, shape, corpus, training.output_dir)
    begun = trainer.start(corpus, network, vocabulary, max_length, from_scratch=shape is not None)
    ner_trainer = NerTrainer(
        corpus.labels,
        model=network,
        args=trainer_arguments,
        train_dataset=begun.train_rows,
        eval_dataset=begun.dev_rows,
    )
    ner_trainer.train(resume)
    network.eval()
    metrics = finetune.plain_metrics(ner_trainer.evaluate())
    if trainer_arguments.should_save:
        answers, folder = begun.gate.answers(network), training.output_dir / BEST
        trainer.save(begun, network, folder, run_options, "original", metrics, answers)
    print(f"{BEST}, dev: {finetune.format_metrics(metrics)}", flush=True)
    return metrics


def evaluate(
    folder: Path, test_path: Path | None, max_length: int | None, batch_size: int, skip_bad_lines: bool = False
) -> dict[str, float]:
    """Score a checkpoint on a labelled file, or on the hub's test set; no character is left out.

    Args:
        folder: of the checkpoint.
        test_path: the labelled file; None takes the hub's test set.
        max_length: tokens of a window; None takes those of the training.
        batch_size: windows per batch.

    Returns:
        As of `metrics.score`, with the scores of each kind of entity, and "f1_bio", F1 of the best legal sequence in
        place of each character's best tag.
    """
    record = trainer.record_of(folder)
    network, labels, vocabulary = model.load(folder), record["labels"], folder / checkpoint.VOCABULARY
    length = trainer.length_for(record, max_length)
    trainer.check_fit(network, vocabulary, length, labels)
    if test_path is not None:
        sentences = read_sentences(test_path, labels, skip_bad_lines)
    else:
        _, sentences = from_hub("test")
    rows = make_rows(sentences, CharacterEncoder(WordPieceTokenizer(vocabulary)), labels, length)
    logits = joined(rows, finetune.logits_of(network, rows, collate, trainer.INPUTS, batch_size))
    gold = [sentence.tags for sentence in sentences]
    tags = {name: tags_of(TagDecoder(labels, name), logits) for name in ("argmax", "bio")}
    metrics = score(gold, tags["argmax"], kinds=True) | {"f1_bio": score(gold, tags["bio"])["f1"]}
    characters = sum(len(sentence.text) for sentence in sentences)
    print(f"{len(sentences)} sentences, {characters} characters: {finetune.format_metrics(metrics)}", flush=True)
    return metrics


def tags_of(decoder: TagDecoder, logits: Sequence[np.ndarray]) -> list[list[str]]:
    """Per sentence a tag of each character, from float32 [characters, tags]."""
    return [[decoder.tags[number] for number in decoder.decode(each)] for each in logits]
