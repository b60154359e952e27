# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Timing calls after a real warm-up, and checking that a function answers the same twice."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from common.cli import UserError

import numpy as np


@dataclass(frozen=True)
class Times:
    """Milliseconds of timed calls: median, 95th percentile and mean; and how many calls there were."""

    p50: float
    p95: float
    mean: float
    calls: int


def time_calls(function: Callable[[Any], Any], items: Sequence[Any], warmup: int, repeats: int) -> Times:
    """Time each call `function(item)`.

    Args:
        function: what is timed; everything it does counts.
        items: at least one; every pass goes through all of them in order.
        warmup: passes over all items before the clock counts, at least one.
        repeats: passes that are timed, at least one.

    Raises:
        ValueError: no items, or no pass to warm up or to time.
    """
    if not len(items) or warmup < 1 or repeats < 1:
        raise ValueError(
            f"{len(items)} items, {warmup} warm-up passes, {repeats} timed passes: each must be at least 1"
        )
    for _ in range(warmup):
        for item in items:
            function(item)
    gc.collect()  # now, so that collecting what the warm-up left behind is not timed
    clock = time.perf_counter_ns
    spent = []
    for _ in range(repeats):
        for item in items:
            begin = clock()
            function(item)
            spent.append(clock() - begin)
    milliseconds = np.array(spent) / 1e6
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return Times(float(p50), float(p95), float(milliseconds.mean()), len(spent))


def same_answers(function: Callable[[Any], Any], items: Sequence[Any]) -> bool:
    """Whether two passes over the items give the same answers, bit for bit.

    An engine that computes INT8 wrongly often reads memory that it has not written, and then answers differ.
    """
    first = [function(item) for item in items]
    return all(_equal(before, function(item)) for before, item in zip(first, items, strict=True))


def require_same_answers(function: Callable[[Any], Any], items: Sequence[Any], engine: str) -> None:
    """Raises `UserError` that names the engine where `same_answers` is False: no time counts for such an engine."""
    if not same_answers(function, items):
        raise UserError(f"{engine} changes its answers from run to run; no time counts for it")


def _equal(one: Any, other: Any) -> bool:
    """Of dicts, lists and tuples of numbers, texts and arrays."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_equal(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(np.array_equal(one, other))
