# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What serving a model costs: time and memory, measured inside the child process that serves it.

Imports little on purpose: whatever this module imports adds to the peak memory that is published.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from common import machine
from common.timing import Times, time_calls

import numpy as np


@dataclass(frozen=True)
class Measured:
    """What serving costs; `dataclasses.asdict` of it is what a child answers and what stands in a summary."""

    latency_ms: Times
    """The engine alone."""
    end_to_end_ms: Times
    """From the question to a JSON string."""
    peak_rss_mb: float
    """Peak memory of the process in MiB, after answering the questions and before anything else was done."""


def measure_serving(
    understand: Callable[[Any], Any],
    run: Callable[[Any], Any],
    questions: Sequence[Any],
    inputs: Sequence[Any],
    repeats: int,
) -> Measured:
    """Time a predictor and its engine, and read the peak memory between the two.

    Args:
        understand: a question (a text, or a batch of them) to an answer that JSON can hold.
        run: the engine alone, on what `understand` would give it for one question.
        questions, inputs: what the two are called with.
        repeats: timed passes of each, after one to warm up.

    Raises:
        ValueError: no questions, no inputs, or `repeats` below 1.
    """
    whole = time_calls(lambda question: json.dumps(understand(question), ensure_ascii=False), questions, 1, repeats)
    memory = machine.peak_rss_mb()  # before `run` may hold larger inputs than any question
    return Measured(time_calls(run, inputs, 1, repeats), whole, memory)


def full_batch(tokens: Iterable[int], batch_size: int, length: int) -> np.ndarray:
    """Token ids int64 [batch_size, length] without padding, for timing a model alone.

    Args:
        tokens: those of real texts, one after the other; they are read again from the first one as often as needed.
    """
    return np.array(list(islice(cycle(tokens), batch_size * length)), "int64").reshape(batch_size, length)
