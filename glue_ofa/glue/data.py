# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""GLUE data: files in the published layouts or PaddleNLP's copy by name, the slice that chooses, rows and batches."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path

from common import files
from common.cli import UserError, did_you_mean
from common.data.readers import read_columns, split_groups
from common.data.tokenizer import WordPieceTokenizer

import numpy as np

from glue.tasks import COLUMNS_OF_COLA, HIGHEST, LOWEST, Task

SELECTION_SEED = 2018  # not --seed: fine-tuning and the training of widths must hold back the same rows


@dataclass(frozen=True)
class Example:
    """One judgement; `second` is None in tasks of one text."""

    label: str
    first: str
    second: str | None = None


@dataclass(frozen=True)
class Row:
    """One example as the model reads it; `label` is an index, or a score in STS-B."""

    number: int
    ids: list[int]
    token_type_ids: list[int]
    label: int | float


@dataclass(frozen=True)
class TextSource:
    """Where rows come from, and how they are read.

    Attributes:
        data_dir: folder of the files; None is PaddleNLP's copy, or, in an export, where the model was trained from.
        max_length: tokens that are read of a row.
        skip_bad_lines: leave faulty lines out instead of stopping.
    """

    data_dir: Path | None
    max_length: int
    skip_bad_lines: bool = False


@dataclass(frozen=True)
class Examples:
    """The data of a training.

    Attributes:
        selection: chooses among checkpoints; part of the training set, or, where nothing was held back, dev.
        dev: the splits that are reported, by name.
    """

    train: list[Example]
    selection: list[Example]
    dev: dict[str, list[Example]]


def read_examples(task: Task, text: TextSource, selection_fraction: float) -> Examples:
    """All data of a training; prints what chooses among its checkpoints.

    Args:
        selection_fraction: share of the training rows that is held back for it; with 0 the reported dev set chooses.

    Raises:
        UserError: as of `read`.
    """
    train = read(task, text.data_dir, "train", text.skip_bad_lines)
    splits = dev_splits(task, text.data_dir)
    dev = {split: read(task, text.data_dir, split, text.skip_bad_lines) for split in splits}
    if selection_fraction:
        train, selection = hold_back(train, selection_fraction)
        print(f"{task.name}: {len(train)} rows to train on, {len(selection)} held back to choose by", flush=True)
        return Examples(train, selection, dev)
    print(f"{task.name}: checkpoints are chosen on {splits[0]}, which is reported too: its figures flatter", flush=True)
    return Examples(train, dev[splits[0]], dev)


def read(task: Task, data_dir: Path | None, split: str, skip_bad_lines: bool = False) -> list[Example]:
    """One split: `<data_dir>/<task>/<split>.tsv`, or `<data_dir>/<split>.tsv`; without a folder, PaddleNLP's copy.

    Raises:
        UserError: no such file, another layout, a bad line (see `read_tsv`); no folder given and nothing reachable.
    """
    if data_dir is None:
        return read_hub(task, split)
    return read_tsv(task, path_of(task, data_dir, split), skip_bad_lines)


def dev_splits(task: Task, data_dir: Path | None) -> tuple[str, ...]:
    """What is reported: `dev`; of MNLI both halves, or `dev` where a folder holds a file of that name instead."""
    if data_dir is not None and "dev" not in task.dev and path_of(task, data_dir, "dev", missing_ok=True).exists():
        return ("dev",)
    return task.dev


def path_of(task: Task, data_dir: Path, split: str, missing_ok: bool = False) -> Path:
    folder = data_dir / task.name if (data_dir / task.name).is_dir() else data_dir
    path = folder / f"{split}.tsv"
    return path if missing_ok else files.require(path, f"file of {task.name} (--data_dir)")


def read_tsv(task: Task, path: Path, skip_bad_lines: bool = False) -> list[Example]:
    """A file with its header (CoLA: without); quotes are ordinary characters.

    Raises:
        UserError: a column is missing, a line has another number of them, an empty text, an unknown label or a score
            outside 0 to 5, or no line at all.
    """
    if task.name == "CoLA":
        return read_columns(path, COLUMNS_OF_COLA, skip_bad_lines, partial(_example, task, task.columns, task.label))
    header = files.read_text(path, "data file").split("\n", 1)[0].removesuffix("\r").split("\t")
    for name in (*task.columns, task.label):
        if name not in header:
            near = did_you_mean(str(name), header)
            raise UserError(f"{path}:1: no column `{name}`{near} for {task.name}; there are: {', '.join(header)}")
    places, label = [header.index(name) for name in task.columns], header.index(task.label)

    def parse(fields: list[str], where: str) -> Example | None:
        return None if where == f"{path}:1" else _example(task, places, label, fields, where)

    examples = [each for each in read_columns(path, len(header), skip_bad_lines, parse) if each is not None]
    if not examples:
        raise UserError(f"{path}: only a header; a line per example comes below it")
    return examples


def _example(task: Task, places: Sequence[int], label: int, fields: list[str], where: str) -> Example:
    texts = [fields[place] for place in places]
    for number, text in enumerate(texts, 1):
        if not text.strip():
            raise UserError(f"{where}: text {number} is empty; fill it in or delete the line")
    _number(task, fields[label], where)
    return Example(fields[label], *texts)


def _number(task: Task, label: str, where: str) -> int | float:
    """A label as the model learns it."""
    if task.labels is not None:
        if label not in task.labels:
            near = did_you_mean(label, task.labels)
            raise UserError(f"{where}: unknown label `{label}`{near}; {task.name} has {', '.join(task.labels)}")
        return task.labels.index(label)
    try:
        score = float(label)
    except ValueError:
        score = float("nan")
    if not (isfinite(score) and LOWEST <= score <= HIGHEST):
        raise UserError(f"{where}: `{label}` is no score of {task.name}, which are {LOWEST:g} to {HIGHEST:g}")
    return score


def read_hub(task: Task, split: str) -> list[Example]:
    """The split as PaddleNLP downloads it.

    Raises:
        UserError: it cannot be reached.
    """
    from paddlenlp.datasets import load_dataset

    try:
        rows = load_dataset("glue", task.name.lower(), splits=split)
    except Exception as fault:  # requests, urllib, RuntimeError and OSError, as the day may be
        raise UserError(
            f"{task.name}: its data cannot be downloaded ({type(fault).__name__}); give its files by --data_dir DIR"
        ) from fault
    examples = []
    for row in rows:
        texts = [row[name] for name in ("sentence", "sentence1", "sentence2") if name in row]
        label = row["labels"]
        examples.append(Example(task.labels[label] if isinstance(label, int) else str(label), *texts))
    return examples


def hold_back(examples: list[Example], fraction: float) -> tuple[list[Example], list[Example]]:
    """What is trained on, and what chooses among checkpoints; no first text stands in both.

    The same rows at every call: fine-tuning and width training must not see each other's.
    """
    groups = [example.first for example in examples]
    kept, chosen = split_groups(groups, [1 - fraction, fraction], SELECTION_SEED)
    return [examples[place] for place in kept], [examples[place] for place in chosen]


def texts_of(examples: Sequence[Example]) -> list[str]:
    """All texts, first and second ones."""
    return [text for example in examples for text in (example.first, example.second) if text is not None]


def make_rows(task: Task, examples: Sequence[Example], tokenizer: WordPieceTokenizer, max_length: int) -> list[Row]:
    """Encode examples; one line on stderr says how many were cut."""
    rows, cut = [], 0
    for number, example in enumerate(examples):
        ids, types, truncated = encode(tokenizer, example.first, example.second, max_length)
        cut += truncated
        rows.append(Row(number, ids, types, _number(task, example.label, f"row {number + 1}")))
    if cut:
        print(f"{cut} of {len(rows)} texts are cut at {max_length} tokens", file=sys.stderr)
    return rows


def encode(
    tokenizer: WordPieceTokenizer, first: str, second: str | None, max_length: int
) -> tuple[list[int], list[int], bool]:
    """Token ids, token types, and whether something was cut off; of one text or of two."""
    if second is None:
        single = tokenizer.encode(first, max_length)
        return single.ids, [0] * len(single.ids), single.truncated
    pair = tokenizer.encode_pair(first, second, max_length)
    return pair.ids, pair.token_type_ids, pair.truncated


def collate(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """A batch padded to its longest row.

    `input_ids` and `token_type_ids` int64 [batch, length]; `label` [batch], int64 or, of scores, float32.
    """
    length = max(len(row.ids) for row in rows)
    ids, types = np.zeros([2, len(rows), length], "int64")
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        types[place, : len(row.ids)] = row.token_type_ids
    kind = "float32" if isinstance(rows[0].label, float) else "int64"
    return {"input_ids": ids, "token_type_ids": types, "label": np.array([row.label for row in rows], kind)}
