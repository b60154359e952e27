# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training JointErnie: rows, batches, the trainer, and the steps of --do_train and --do_eval."""

import sys
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

from common import files, parity
from common.cli import UserError
from common.data import vocabulary as vocab
from common.data.readers import Span, describe, read_labels, read_tag_labels
from common.data.tags import TagDecoder, spans
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import trainer

import numpy as np
import paddle
from model import IGNORED, JointErnie
from paddlenlp.transformers import ErnieConfig, ErnieTokenizer
from paddlenlp.transformers.ernie.configuration import ERNIE_PRETRAINED_INIT_CONFIGURATION
from utils import Example, lost_spans, read_examples, tag_ids

from slu.metrics import joint_scores

PRUNING_SENTENCES = 100  # on which pruning must change nothing


@dataclass(frozen=True)
class Row:
    """One example as the model reads it; `offsets` and `tags` are as long as `ids`."""

    number: int
    example: Example
    ids: list[int]
    offsets: list[tuple[int, int]]
    intent: int
    tags: list[int]


@dataclass
class Labels:
    intents: list[str]
    slots: list[str]


def read_label_files(options) -> Labels:
    return Labels(read_labels(options.intent_label_path), read_tag_labels(options.slot_label_path))


def make_rows(examples: list[Example], tokenizer: WordPieceTokenizer, labels: Labels, max_length: int) -> list[Row]:
    """Encode examples; one line on stderr says how many were cut and how many lost a slot by it."""
    tag_index = {tag: number for number, tag in enumerate(labels.slots)}
    intent_index = {intent: number for number, intent in enumerate(labels.intents)}
    rows, cut, lost = [], 0, 0
    for number, example in enumerate(examples):
        encoding = tokenizer.encode(example.text, max_length)
        cut += encoding.truncated
        lost += encoding.truncated and lost_spans(example, encoding.offsets)
        tags = tag_ids(example, encoding.offsets, tag_index)
        rows.append(Row(number, example, encoding.ids, encoding.offsets, intent_index[example.intent], tags))
    if cut:
        print(f"{cut} of {len(rows)} texts are cut at {max_length} tokens, {lost} lose part of a slot", file=sys.stderr)
    return rows


def collate(rows: list[Row]) -> dict[str, np.ndarray]:
    """A batch padded to its longest row: `input_ids`, `slot_label` [batch, length], `intent_label`, `row` [batch]."""
    length = max(len(row.ids) for row in rows)
    ids = np.zeros([len(rows), length], "int64")
    tags = np.full([len(rows), length], IGNORED, "int64")
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        tags[place, : len(row.tags)] = row.tags
    return {
        "input_ids": ids,
        "intent_label": np.array([row.intent for row in rows], "int64"),
        "slot_label": tags,
        "row": np.array([row.number for row in rows], "int64"),
    }


def predicted_spans(logits: np.ndarray, row: Row, decoder: TagDecoder) -> list[Span]:
    """Slots of one row from its logits [length, tags]; [CLS], [SEP] and padding are left out."""
    inside = slice(1, len(row.ids) - 1)
    return spans(decoder.decode(logits[inside]), decoder.tags, row.offsets[inside])


def score(
    rows: list[Row], intent_logits: np.ndarray, slot_logits: np.ndarray, labels: Labels, decoder: TagDecoder
) -> dict:
    """Joint scores of logits [rows, intents] and [rows, length, tags] against the whole, uncut examples."""
    return joint_scores(
        [row.example.intent for row in rows],
        [row.example.spans for row in rows],
        [labels.intents[number] for number in intent_logits.argmax(axis=1)],
        [predicted_spans(logits, row, decoder) for row, logits in zip(rows, slot_logits, strict=True)],
        [len(row.example.text) for row in rows],
    )


def decoder_of(model: JointErnie, labels: Labels) -> TagDecoder:
    transitions = model.crf.transitions() if model.crf is not None else None
    return TagDecoder(labels.slots, model.config.decoder, transitions)


class JointTrainer(trainer.RecipeTrainer):
    """Joint loss on labels; metrics by the model's own decoder."""

    def __init__(self, labels: Labels, **kwargs):
        super().__init__(data_collator=collate, compute_metrics=self.judge, **kwargs)
        self.labels, self.label_names = labels, ["row"]

    def outputs_and_loss(self, model, inputs):
        outputs = model(inputs["input_ids"])
        plain = model._layers if isinstance(model, paddle.DataParallel) else model
        return outputs, plain.loss(*outputs, inputs["intent_label"], inputs["slot_label"])

    def judge(self, prediction) -> dict[str, float]:
        intent_logits, slot_logits = prediction.predictions
        rows = [self.eval_dataset[int(number)] for number in np.asarray(prediction.label_ids).reshape(-1)]
        return score(rows, intent_logits, slot_logits, self.labels, decoder_of(self.model, self.labels))


def load_model(options, labels: Labels) -> tuple[JointErnie, Path]:
    """The model that the options name, and its vocabulary file."""
    heads = {"intent_dim": len(labels.intents), "slot_dim": len(labels.slots)}
    if options.from_scratch:
        return build_from_scratch(options, labels, heads)
    folder = Path(options.model_name_or_path)
    if not checkpoint.is_ours(JointErnie, folder):
        heads |= {"dropout": options.dropout, "decoder": options.decoder}
    model = JointErnie.from_pretrained(options.model_name_or_path, **heads)
    if options.decoder == "crf" and model.crf is None:
        if not options.do_train:
            raise UserError(f"--decoder crf: {folder} was trained without transitions; train it on with --do_train")
        model.add_crf()
    if options.decoder:
        model.config.decoder = options.decoder
    if options.do_train:
        model.dropout.p = model.config.classifier_dropout = options.dropout
    vocabulary = folder / checkpoint.VOCABULARY
    if folder.is_dir():
        files.require(vocabulary, "vocabulary")
    else:
        ErnieTokenizer.from_pretrained(options.model_name_or_path).save_pretrained(str(options.output_dir))
        vocabulary = options.output_dir / checkpoint.VOCABULARY
    check_vocabulary(model, vocabulary, options.max_seq_length)
    return model, vocabulary


def stage_of(options) -> str:
    """The stage of the checkpoint that the options name, as it was recorded; `original` for what is not ours."""
    folder = Path(options.model_name_or_path)
    if options.from_scratch or not checkpoint.is_ours(JointErnie, folder) or not (folder / checkpoint.RECORD).exists():
        return "original"
    return files.read_json(folder / checkpoint.RECORD).get("stage", "original")


def build_from_scratch(options, labels: Labels, heads: dict) -> tuple[JointErnie, Path]:
    config = checkpoint.architecture(ErnieConfig, ERNIE_PRETRAINED_INIT_CONFIGURATION, options.model_name_or_path)
    texts = [e.text for e in read_examples(options.train_path, labels.intents, labels.slots, options.skip_bad_lines)]
    vocabulary = vocab.build(texts, config.vocab_size)
    print(
        f"from scratch: {options.model_name_or_path} with random weights; {len(vocabulary)} tokens of the training "
        f"text in a table of {config.vocab_size} rows",
        flush=True,
    )
    path = options.output_dir / checkpoint.VOCABULARY
    vocab.write(path, vocab.widened(vocabulary, config.vocab_size))
    return JointErnie(config, **heads, dropout=options.dropout, decoder=options.decoder), path


def check_vocabulary(model: JointErnie, path: Path, max_length: int) -> None:
    """Raises `UserError` with both numbers where vocabulary, tables and input length do not fit together."""
    tokens, config = len(WordPieceTokenizer(path)), model.config
    if tokens != config.vocab_size:
        raise UserError(f"{path}: {tokens} tokens, but the model's word table has {config.vocab_size} rows")
    if max_length > config.max_position_embeddings:
        raise UserError(
            f"--max_seq_length {max_length}: the model's position table has {config.max_position_embeddings} rows"
        )


def prune(model: JointErnie, vocabulary: Path, options, labels: Labels, folder: Path) -> tuple[JointErnie, Path]:
    """Cut the tables to the training set's tokens and the maximum length; the result is also saved in `folder`."""
    tokens = WordPieceTokenizer(vocabulary).tokens
    examples = read_examples(options.train_path, labels.intents, labels.slots, options.skip_bad_lines)
    keep = vocab.choose(tokens, (e.text for e in examples), options.max_vocab_size, options.max_seq_length)
    reference = deepcopy(model)
    vocab.prune(model, model.ernie.embeddings, keep, options.max_seq_length)
    check_pruned(reference, model, tokens, keep, examples[:PRUNING_SENTENCES], options.max_seq_length)
    print(f"embeddings pruned: {len(tokens)} -> {len(keep)} tokens, {options.max_seq_length} positions", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    vocab.write(folder / checkpoint.VOCABULARY, [tokens[row] for row in keep])
    save(model, folder / checkpoint.VOCABULARY, folder, options, "vocabulary", {})
    return model, folder / checkpoint.VOCABULARY


def check_pruned(before: JointErnie, after: JointErnie, tokens, keep, examples: list[Example], max_length: int) -> None:
    """The gate after pruning: sentences whose tokens are all kept get the same logits.

    Raises:
        GateFailed: they differ by more than 1e-4.
    """
    old, new = WordPieceTokenizer(tokens), WordPieceTokenizer([tokens[row] for row in keep])
    row_of = {row: place for place, row in enumerate(keep)}
    for model in (before, after):
        model.eval()
    worst = 0.0
    for example in examples:
        ids, pruned_ids = (t.encode(example.text, max_length).ids for t in (old, new))
        if [row_of.get(number) for number in ids] == pruned_ids:
            with paddle.no_grad():
                pair = zip(before(paddle.to_tensor([ids])), after(paddle.to_tensor([pruned_ids])), strict=True)
            worst = float(np.max([worst, *(float((a - b).abs().max()) for a, b in pair)]))  # a NaN stays one
    result = {"max_abs_diff": worst, "agreement": 1.0}
    parity.require(result, "pruned vocabulary", parity.FP32_TOLERANCE, 1.0)
    print(f"pruned vocabulary: largest difference {worst:.1e} on {len(examples)} sentences", flush=True)


def save(model: JointErnie, vocabulary: Path, folder: Path, options, stage: str, metrics: dict) -> None:
    """Write a checkpoint into `folder`, with what made it."""
    record = {
        "app": "ernie_tiny_slu",
        "stage": stage,
        "seed": options.seed,
        "from_scratch": options.from_scratch,
        "commit": files.git_commit(),
        "data": [describe(path) for path in (options.train_path, options.dev_path) if path],
        "labels": {"intent": str(options.intent_label_path), "slot": str(options.slot_label_path)},
        "metrics": metrics,
        "arguments": {name: str(value) for name, value in asdict(options).items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.write_into(model, vocabulary, folder, record)


def dataset(path: Path, tokenizer: WordPieceTokenizer, labels: Labels, options) -> list[Row]:
    examples = read_examples(path, labels.intents, labels.slots, options.skip_bad_lines)
    return make_rows(examples, tokenizer, labels, options.max_seq_length)


def plain_metrics(evaluated: dict) -> dict[str, float]:
    """The Trainer's `eval_…` figures without its timings."""
    timing = ("runtime", "per_second", "ppl", "epoch")
    return {k.removeprefix("eval_"): v for k, v in evaluated.items() if not any(word in k for word in timing)}
