# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Examples as JointErnie reads them: labels, encoded rows, padded batches."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.data.readers import read_labels, read_tag_labels
from common.data.tokenizer import WordPieceTokenizer

import numpy as np
from model import IGNORED
from utils import Example, lost_spans, read_examples, tag_ids


@dataclass(frozen=True)
class Labels:
    """Intents and slot tags, in the order of the heads' outputs."""

    intents: list[str]
    slots: list[str]


@dataclass(frozen=True)
class Row:
    """One example as the model reads it; `offsets` and `tags` are as long as `ids`."""

    number: int
    example: Example
    ids: list[int]
    offsets: list[tuple[int, int]]
    intent: int
    tags: list[int]


def read_label_files(intents: Path, slots: Path) -> Labels:
    """
    Raises:
        UserError: a file is missing or not a list of labels.
    """
    return Labels(read_labels(intents), read_tag_labels(slots))


def read_rows(
    path: Path, tokenizer: WordPieceTokenizer, labels: Labels, max_length: int, skip_bad_lines: bool = False
) -> list[Row]:
    """The encoded examples of a file.

    Raises:
        UserError: no such file, or a faulty line that is not to be skipped.
    """
    return make_rows(read_examples(path, labels.intents, labels.slots, skip_bad_lines), tokenizer, labels, max_length)


def make_rows(examples: Sequence[Example], tokenizer: WordPieceTokenizer, labels: Labels, max_length: int) -> list[Row]:
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


def collate(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """A batch padded to its longest row.

    Returns:
        int64 `input_ids` and `slot_label` [batch, length], `intent_label` and `row` [batch].

    `slot_label` is -100, which no loss counts, at [CLS], [SEP] and padding.
    """
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
