# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What every predictor does around its engine: cut texts into batches, pad them, and read a class out of logits."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import exp
from typing import TypeVar

from common.bundle import Bundle
from common.cli import UserError

import numpy as np

T = TypeVar("T")


def batches(items: Iterable[T], batch_size: int, ahead: int = 1) -> Iterator[list[T]]:
    """`batch_size * ahead` items at a time, the rest at the end; one at a time if batch_size is 1. May be endless.

    Raises:
        UserError: a batch size below 1, at once.
    """
    if batch_size < 1:
        raise UserError(f"--batch_size must be at least 1, got {batch_size}")
    waiting, size = iter(items), batch_size * ahead if batch_size > 1 else 1
    return iter(lambda: list(islice(waiting, size)), [])


def padded(rows: Sequence[Sequence[int]], fill: int, dtype: type = np.int64) -> np.ndarray:
    """Integers [rows, longest row], `fill` behind the shorter ones."""
    array = np.full((len(rows), max(map(len, rows))), fill, dtype)
    for place, row in enumerate(rows):
        array[place, : len(row)] = row
    return array


def best_class(logits: Sequence[float]) -> tuple[int, float]:
    """Index of the highest logit, the first where several are equal, and its softmax (0 to 1)."""
    top = max(logits)
    return logits.index(top), 1.0 / sum([exp(one - top) for one in logits])


def has_empty_side(ids: Sequence[int], types: Sequence[int], unknown: int) -> bool:
    """Whether one text, or one of a pair, has no known token.

    Args:
        ids: [CLS] a [SEP], or [CLS] a [SEP] b [SEP].
        types: token types, 0 for the first text and 1 for the second.
    """
    first = types.count(0)
    sides = [ids[1 : first - 1]] if first == len(ids) else [ids[1 : first - 1], ids[first:-1]]
    return any(side.count(unknown) == len(side) for side in sides)


def check_length(asked: int | None, bundle: Bundle, shortest: int, flag: str = "--max_length") -> int:
    """The length in tokens to cut at; None takes the bundle's.

    Raises:
        UserError: shorter than an input can be, or longer than the bundle was made for.
    """
    if asked is not None and not shortest <= asked <= bundle.max_length:
        raise UserError(
            f"{flag} {asked}: the bundle {bundle.path} was made for {bundle.max_length} tokens; "
            f"give {shortest} to {bundle.max_length}"
        )
    return asked or bundle.max_length
