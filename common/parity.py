# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The parity gate: a new stage against the one before, and every engine against the dynamic graph."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.cli import UserError

import numpy as np

FP32_TOLERANCE = 1e-4
INT8_AGREEMENT = 0.99

Outputs = dict[str, np.ndarray]
Batch = np.ndarray | tuple[np.ndarray, ...]
"""int64 [batch, length], or one such array per input of the manifest."""


class GateFailed(UserError):
    """A stage or engine does not compute what it should."""


def batches_by_length(sentences: Sequence[Sequence[int]], size: int = 16) -> list[np.ndarray]:
    """Token ids as int64 [batch, length] without any padding: sentences of one length together."""
    return [batch for (batch,) in _by_length([(ids,) for ids in sentences], size)]


def pair_batches_by_length(
    rows: Sequence[tuple[Sequence[int], Sequence[int]]], size: int = 16
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The same of rows of (token ids, token types): tuples of two int64 [batch, length].

    Raises:
        ValueError: a row with more or fewer types than ids.
    """
    for number, (ids, types) in enumerate(rows):
        if len(ids) != len(types):
            raise ValueError(f"row {number}: {len(ids)} token ids, but {len(types)} token types")
    return _by_length(rows, size)


def _by_length(rows: Sequence[tuple[Sequence[int], ...]], size: int) -> list[tuple[np.ndarray, ...]]:
    by_length: dict[int, list] = {}
    for row in rows:
        by_length.setdefault(len(row[0]), []).append(row)
    return [
        tuple(np.array(column, "int64") for column in zip(*same[start : start + size], strict=True))
        for _, same in sorted(by_length.items())
        for start in range(0, len(same), size)
    ]


@dataclass(frozen=True)
class Comparison:
    """How two models' outputs on the same texts differ.

    Attributes:
        max_abs_diff: largest absolute difference of any output; infinite where a value is not a number.
        agreement: share of texts on which both decide alike, 0..1.
    """

    max_abs_diff: float
    agreement: float


def compare(reference: Sequence[Outputs], answers: Sequence[Outputs], decide: Callable[[Outputs], list]) -> Comparison:
    """Compare two models' outputs batch by batch.

    Args:
        reference, answers: outputs per batch, arrays with the batch as first axis.
        decide: one batch's outputs -> one comparable decision per sentence.
    """
    worst, same, total = 0.0, 0, 0
    for expected, got in zip(reference, answers, strict=True):
        for name, array in expected.items():
            cut = tuple(slice(0, size) for size in array.shape)  # an engine of fixed length answers for padding too
            difference = float(np.abs(array - got[name][cut]).max())
            worst = max(worst, difference) if np.isfinite(difference) else math.inf  # max() would pass over a NaN
        trimmed = {name: got[name][tuple(slice(0, size) for size in expected[name].shape)] for name in expected}
        pairs = list(zip(decide(expected), decide(trimmed), strict=True))
        same += sum(a == b for a, b in pairs)
        total += len(pairs)
    return Comparison(max_abs_diff=worst, agreement=same / total)


def require(result: Comparison, what: str, tolerance: float | None, agreement: float) -> None:
    """Raises `GateFailed` with both figures when a comparison is out of bounds.

    `tolerance` None lets any finite difference pass and looks at the decisions only.
    """
    far = not result.max_abs_diff <= (sys.float_info.max if tolerance is None else tolerance)
    if far or result.agreement < agreement:
        wanted = f"at most {tolerance:g} and " if tolerance is not None else ""
        raise GateFailed(
            f"parity gate: {what}: largest difference {result.max_abs_diff:.3g}, same decisions "
            f"{result.agreement:.2%}; allowed are {wanted}at least {agreement:.2%}"
        )
