# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The clock of performance_test.py: warm-up batches that run, the engine timed alone, and the report in words."""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common import machine
from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer

import numpy as np
from data import Example

from aspect.batches import Batch


@dataclass(frozen=True)
class Times:
    """What the clock found; written to speed_results.json under these names.

    Attributes:
        num_epochs: passes over the batches that were timed.
        warmup_batches: batches that ran before.
        epochs_s, mean_epoch_s: seconds in the engine of each epoch, and their mean.
        p50_ms, p95_ms: milliseconds of one batch.
        same_answers: every batch was answered at least twice, with the same bits.
        peak_rss_mb: the most memory that this process has held, in MiB.
    """

    num_epochs: int
    warmup_batches: int
    epochs_s: list[float]
    mean_epoch_s: float
    p50_ms: float
    p95_ms: float
    same_answers: bool
    peak_rss_mb: float


class SameAnswers:
    """Compares each answer to a batch with the answer before it, bit for bit."""

    def __init__(self, engine: str):
        self._engine = engine
        self._answers: dict[int, np.ndarray] = {}
        self.repeated: set[int] = set()  # batches that were answered more than once

    def check(self, number: int, logits: np.ndarray) -> None:
        """Raises `UserError` where the answer to batch `number` is not a number or is not the one before."""
        if not np.isfinite(logits).all():
            raise UserError(f"batch {number + 1}: {self._engine} answers NaN or infinity; take another engine")
        if number not in self._answers:
            self._answers[number] = logits
            return
        self.repeated.add(number)
        if not np.array_equal(self._answers[number], logits):
            most = np.abs(self._answers[number] - logits).max()
            raise UserError(
                f"batch {number + 1}: {self._engine} changes its answers from run to run, by up to {most:.3g}; no "
                "time counts for such an engine, take another one"
            )


def measure(predictor: Any, batches: Sequence[Batch], epochs: int, warmup_steps: int | None = None) -> Times:
    """Time `predictor.run` batch by batch, nothing else.

    Args:
        predictor: a `runtime.Predictor`.
        warmup_steps: batches that run before the clock counts, beginning anew after the last one; None: all once.

    Raises:
        UserError: an answer that differs from the one before, or is not a number.
    """
    answers = SameAnswers(predictor.engine)
    steps = len(batches) if warmup_steps is None else warmup_steps
    for step in range(steps):
        number = step % len(batches)
        answers.check(number, predictor.run(*batches[number])["logits"])
    gc.collect()  # not in the middle of a timed batch
    clock = time.perf_counter
    spent = np.zeros([epochs, len(batches)])
    for epoch in range(epochs):
        for number, batch in enumerate(batches):
            begin = clock()
            outputs = predictor.run(*batch)
            spent[epoch, number] = clock() - begin
            answers.check(number, outputs["logits"])
    for number in set(range(len(batches))) - answers.repeated:  # neither warm-up nor a second epoch has repeated these
        answers.check(number, predictor.run(*batches[number])["logits"])
    p50, p95 = np.percentile(spent, (50, 95)) * 1e3
    return Times(
        num_epochs=epochs,
        warmup_batches=steps,
        epochs_s=spent.sum(axis=1).tolist(),
        mean_epoch_s=float(spent.sum(axis=1).mean()),
        p50_ms=float(p50),
        p95_ms=float(p95),
        same_answers=True,
        peak_rss_mb=machine.peak_rss_mb(),
    )


def tokenising_seconds(examples: Sequence[Example], tokenizer: WordPieceTokenizer, max_length: int) -> float:
    """What one pass over the data costs before the engine; the tokenizer has seen it once, as the engine has."""
    begin = time.perf_counter()
    for example in examples:
        tokenizer.encode_pair(example.aspect, example.text, max_length)
    return time.perf_counter() - begin


def print_times(times: Times, tokenising_s: float, rows: int) -> None:
    """What `measure` and `tokenising_seconds` found of a file of `rows` rows, for a person."""
    epochs, mean = times.num_epochs, times.mean_epoch_s
    spread = f", {min(times.epochs_s):.4f} to {max(times.epochs_s):.4f} s" if epochs > 1 else ""
    print(
        f"warm-up: {times.warmup_batches} batches\n"
        f"tokenising, not in the times below: {tokenising_s:.4f} s an epoch, {tokenising_s / rows * 1e3:.3f} ms a row\n"
        f"mean epoch time: {mean:.4f} s over {epochs} epoch{'s' * (epochs > 1)}{spread}\n"
        f"per batch: p50 {times.p50_ms:.2f} ms, p95 {times.p95_ms:.2f} ms\n"
        f"sentences per second: {rows / mean:.1f}\n"
        f"answers: the same bits in every run\n"
        f"peak memory: {times.peak_rss_mb:.0f} MiB",
        flush=True,
    )
