# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What run_msra_ner.py and evaluate.py do, in order."""

from collections.abc import Sequence

from common import files
from common.data.tags import TagDecoder
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import finetune as finetuning
from common.train import trainer as training
from common.train.options import SHAPE

import numpy as np

from ner import model
from ner import trainer as finetune
from ner.data import collate, from_hub, joined, make_rows, read_corpus, read_sentences
from ner.metrics import score
from ner.trainer import NerTrainer
from ner.windows import CharacterEncoder

BEST = "model_best"
# Options of which a resumed run must not have others, beside those of the Trainer.
SAME = (
    "model_name_or_path", "data_dir", "dev_path", "dev_fraction", "split_seed", "max_seq_length", "from_scratch",
    *SHAPE,
)  # fmt: skip


def train(options) -> dict[str, float]:
    """Train, keep the best checkpoint on the development set in `model_best`. The test set is never opened."""
    trainer_options = options.trainer_options()
    training.seed_everything(options.seed)
    arguments = training.arguments(trainer_options)
    corpus = read_corpus(options)
    resume = training.checkpoint_to_resume(trainer_options, more={name: getattr(options, name) for name in SAME})
    options.output_dir.mkdir(parents=True, exist_ok=True)
    begun = finetune.start(corpus, *finetune.start_model(options, corpus), options.max_seq_length, options.from_scratch)
    network = begun.network
    trainer = NerTrainer(
        corpus.labels,
        model=network,
        args=arguments,
        train_dataset=begun.train_rows,
        eval_dataset=begun.dev_rows,
    )
    trainer.train(resume)
    network.eval()
    metrics = finetune.plain_metrics(trainer.evaluate())
    if arguments.should_save:
        answers = begun.gate.answers(network)
        finetune.save(begun, network, options.output_dir / BEST, options, "original", metrics, answers)
    print(f"{BEST}, dev: {finetune.told(metrics)}", flush=True)
    return metrics


def evaluate(options) -> dict[str, float]:
    """Score a checkpoint on a labelled file, or on the hub's test set; no character is left out."""
    source = options.model_name_or_path
    record = finetune.record_of(source)
    training.set_device(options.device)
    network, labels, vocabulary = model.load(source), record["labels"], source / checkpoint.VOCABULARY
    length = finetune.length_for(record, options.max_seq_length)
    finetune.check_fit(network, vocabulary, length, labels)
    if options.test_path is not None:
        sentences = read_sentences(options.test_path, labels, options.skip_bad_lines)
    else:
        _, sentences = from_hub("test")
    rows = make_rows(sentences, CharacterEncoder(WordPieceTokenizer(vocabulary)), labels, length)
    logits = joined(rows, finetuning.logits_of(network, rows, collate, finetune.INPUTS, options.batch_size))
    gold = [sentence.tags for sentence in sentences]
    tags = {name: tags_of(TagDecoder(labels, name), logits) for name in ("argmax", "bio")}
    metrics = score(gold, tags["argmax"], kinds=True) | {"f1_bio": score(gold, tags["bio"])["f1"]}
    characters = sum(len(sentence.text) for sentence in sentences)
    print(f"{len(sentences)} sentences, {characters} characters: {finetune.told(metrics)}", flush=True)
    if options.output is not None:
        files.write_json(options.output, metrics)
    return metrics


def tags_of(decoder: TagDecoder, logits: Sequence[np.ndarray]) -> list[list[str]]:
    return [[decoder.tags[number] for number in decoder.decode(each)] for each in logits]
