# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A labelled file in the form in which performance_test.py gives it to an engine: rows in padded batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.bundle.bundle import Bundle
from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer

import numpy as np
from data import Example, LabelSet, Row, collate, make_rows, read_examples, read_labels

Batch = tuple[np.ndarray, np.ndarray]
"""Token ids and token types, int64 [batch, length]."""


@dataclass(frozen=True)
class Labelled:
    """A labelled file, read and encoded.

    Attributes:
        examples: its lines, in the file's order.
        rows: the same as token ids, cut at the model's length.
        tokenizer, max_length: what made the rows; max_length in tokens.
        batch_size: rows per batch; the last batch may have fewer.
        batches: the rows in their order, each batch padded to its longest row.
    """

    labels: LabelSet
    examples: list[Example]
    rows: list[Row]
    tokenizer: WordPieceTokenizer
    max_length: int
    batch_size: int
    batches: list[Batch]

    @property
    def longest(self) -> int:
        """Tokens of the longest row."""
        return max(len(row.ids) for row in self.rows)


def read_labelled(
    path: Path, labels: LabelSet, vocabulary: Path, max_length: int, batch_size: int, skip_bad_lines: bool
) -> Labelled:
    """Read and encode a file of label, aspect and text.

    Args:
        max_length: tokens at which a row is cut.
        batch_size: rows per batch.
        skip_bad_lines: leave faulty lines out instead of stopping.

    Raises:
        UserError: as `read_examples`.
    """
    examples, tokenizer = read_examples(path, labels, skip_bad_lines), WordPieceTokenizer(vocabulary)
    rows = make_rows(examples, tokenizer, labels, max_length)
    return Labelled(labels, examples, rows, tokenizer, max_length, batch_size, make_batches(rows, batch_size))


def make_batches(rows: Sequence[Row], size: int) -> list[Batch]:
    """Rows in their order, `size` to a batch, each batch padded to its longest row."""
    collated = [collate(rows[start : start + size]) for start in range(0, len(rows), size)]
    return [(batch["input_ids"], batch["token_type_ids"]) for batch in collated]


def model_labels(bundle: Bundle, label_path: Path | None) -> LabelSet:
    """The bundle's labels.

    Raises:
        UserError: `label_path` names a file with other labels.
    """
    own = LabelSet(bundle.labels["class"], bundle.manifest.get("label_names"))
    if label_path is not None and (given := read_labels(label_path)).values != own.values:
        raise UserError(
            f"{label_path}: labels {', '.join(given.values)}, but the model was trained with "
            f"{', '.join(own.values)}; give the file it was trained with, or leave the flag out"
        )
    return own
