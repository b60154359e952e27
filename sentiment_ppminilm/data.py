# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Aspect sentiment data: the label file, the three-column reader, rows and batches."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.cli import UserError, did_you_mean
from common.data.readers import read_columns
from common.data.tokenizer import WordPieceTokenizer

import numpy as np

COLUMNS = 3  # label, aspect, text


@dataclass(frozen=True)
class LabelSet:
    """What stands in the data's first column, in the order of the model's outputs; the last one is the positive class.

    Attributes:
        names: what people call each value, where the label file says it.
    """

    values: list[str]
    names: list[str] | None = None


@dataclass(frozen=True)
class Example:
    """One judgement. `aspect` is an aspect with its opinion words, or the opinion alone."""

    label: str
    aspect: str
    text: str


@dataclass(frozen=True)
class Row:
    """One example as the model reads it: [CLS] aspect [SEP] text [SEP]; `label` is an index."""

    number: int
    ids: list[int]
    token_type_ids: list[int]
    label: int


def read_labels(path: Path | str) -> LabelSet:
    """`label.dict`: one label a line, `value` or `value<TAB>name`.

    Raises:
        UserError: no such file, fewer than two labels, a name in some lines only, a blank line, or one
            that stands twice.
    """
    lines = files.read_text(path, "label file").removesuffix("\n").split("\n")
    columns = [line.removesuffix("\r").split("\t") for line in lines]
    for number, fields in enumerate(columns, 1):
        if len(fields) > 2 or len(fields) != len(columns[0]):
            raise UserError(f"{path}:{number}: every line is a label, or every line a label, a tab and its name")
        for place, word in enumerate(fields):
            if not word or word != word.strip() or not word.isprintable():
                raise UserError(f"{path}:{number}: blank, or white space or control characters in {word!r}; mend it")
            if word in [before[place] for before in columns[: number - 1]]:
                raise UserError(f"{path}:{number}: `{word}` stands there twice; delete one")
    values = [fields[0] for fields in columns]
    names = [fields[1] for fields in columns] if len(columns[0]) == 2 else None
    if len(values) < 2:
        raise UserError(f"{path}: only {len(values)} label; sentiment needs at least two, one a line")
    return LabelSet(values, names)


def read_examples(path: Path | str, labels: LabelSet | None, skip_bad_lines: bool = False) -> list[Example]:
    """Lines of label, aspect and text, separated by tabs.

    Args:
        labels: which values the first column may have; None takes any.

    Raises:
        UserError: another number of columns, an unknown label, an empty aspect or text, or no line at all.
    """

    def parse(fields: list[str], where: str) -> Example:
        label, aspect, text = fields
        if labels is not None and label not in labels.values:
            near = did_you_mean(label, labels.values)
            raise UserError(f"{where}: unknown label `{label}`{near}; the label file has {', '.join(labels.values)}")
        for name, value in (("aspect", aspect), ("text", text)):
            if not value.strip():
                raise UserError(f"{where}: the {name} is empty; fill it in or delete the line")
        return Example(label, aspect, text)

    return read_columns(path, COLUMNS, skip_bad_lines, parse)


def make_rows(
    examples: Sequence[Example], tokenizer: WordPieceTokenizer, labels: LabelSet, max_length: int
) -> list[Row]:
    """Encode examples; one line on stderr says how many were cut."""
    index = {value: number for number, value in enumerate(labels.values)}
    rows, cut = [], 0
    for number, example in enumerate(examples):
        encoding = tokenizer.encode_pair(example.aspect, example.text, max_length)
        cut += encoding.truncated
        rows.append(Row(number, encoding.ids, encoding.token_type_ids, index[example.label]))
    if cut:
        print(f"{cut} of {len(rows)} texts are cut at {max_length} tokens", file=sys.stderr)
    return rows


def collate(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """A batch padded to its longest row: `input_ids`, `token_type_ids` [batch, length], `label`, `row` [batch]."""
    length = max(len(row.ids) for row in rows)
    ids, types = np.zeros([2, len(rows), length], "int64")
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        types[place, : len(row.ids)] = row.token_type_ids
    return {
        "input_ids": ids,
        "token_type_ids": types,
        "label": np.array([row.label for row in rows], "int64"),
        "row": np.array([row.number for row in rows], "int64"),
    }
