# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Measuring: latency after a real warm-up, peak memory, equal answers, and child processes that keep engines apart."""

import gc
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, islice
from typing import Any

from common import machine as _machine
from common.cli import UserError

import numpy as np

peak_rss_mb = _machine.peak_rss_mb
machine = _machine.describe


def measure(function: Callable[[Any], Any], items: Sequence[Any], warmup: int, repeats: int) -> dict[str, float]:
    """Time each call `function(item)`.

    Args:
        function: what is timed; everything it does counts.
        items: at least one; every pass goes through all of them in order.
        warmup: passes over all items before the clock counts, at least one.
        repeats: passes that are timed.

    Returns:
        p50, p95 and mean of all timed calls in milliseconds, and "calls", how many there were.

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
    gc.collect()
    clock = time.perf_counter_ns
    spent = []
    for _ in range(repeats):
        for item in items:
            begin = clock()
            function(item)
            spent.append(clock() - begin)
    times = np.array(spent) / 1e6
    p50, p95 = np.percentile(times, (50, 95))
    return {"p50": float(p50), "p95": float(p95), "mean": float(times.mean()), "calls": len(spent)}


def same_answers(function: Callable[[Any], Any], items: Sequence[Any]) -> bool:
    """Whether two passes over the items give the same answers, bit for bit; a wrong INT8 path often does not."""
    first = [function(item) for item in items]
    return all(_equal(before, function(item)) for before, item in zip(first, items, strict=True))


def require_same_answers(function: Callable[[Any], Any], items: Sequence[Any], engine: str) -> None:
    """Raises `UserError` where `same_answers` is False: no time counts for such an engine."""
    if not same_answers(function, items):
        raise UserError(f"{engine} changes its answers from run to run; no time counts for it")


def full_batch(tokens: Iterable[int], batch_size: int, length: int) -> np.ndarray:
    """Token ids int64 [batch_size, length] without padding, for timing a model alone.

    Args:
        tokens: those of real texts, one after the other; they are read again from the first one as often as needed.
    """
    return np.array(list(islice(cycle(tokens), batch_size * length)), "int64").reshape(batch_size, length)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_equal(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(np.array_equal(one, other))
