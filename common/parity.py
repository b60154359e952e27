# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The parity gate: a new stage against the one before, and every engine against the dynamic graph."""

import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import bench, runtime
from common.cli import EnvironmentLacks, UserError

import numpy as np

FP32_TOLERANCE = 1e-4
INT8_AGREEMENT = 0.99
CPU_ENGINES = tuple(runtime.ALLOWED)

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


def compare(
    reference: Sequence[Outputs], answers: Sequence[Outputs], decide: Callable[[Outputs], list]
) -> dict[str, float]:
    """Largest difference of any output (infinite where a value is not a number), and the share of same decisions.

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
    return {"max_abs_diff": worst, "agreement": same / total}


def require(result: dict[str, float], what: str, tolerance: float | None, agreement: float) -> None:
    """Raises `GateFailed` with both figures when a comparison is out of bounds.

    `tolerance` None lets any finite difference pass and looks at the decisions only.
    """
    far = not result["max_abs_diff"] <= (sys.float_info.max if tolerance is None else tolerance)
    if far or result["agreement"] < agreement:
        wanted = f"at most {tolerance:g} and " if tolerance is not None else ""
        raise GateFailed(
            f"parity gate: {what}: largest difference {result['max_abs_diff']:.3g}, same decisions "
            f"{result['agreement']:.2%}; allowed are {wanted}at least {agreement:.2%}"
        )


def check_engines(
    bundle: Path,
    precision: str,
    batches: Sequence[Batch],
    reference: Sequence[Outputs],
    decide: Callable[[Outputs], list],
    engines: Sequence[str] = CPU_ENGINES,
    workers: int = 2,
    min_agreement: float = INT8_AGREEMENT,
) -> dict[str, dict]:
    """Run each engine that may run this precision in a process of its own and compare it with the dynamic graph.

    Args:
        bundle: folder with its manifest.
        batches: see `Batch`; without padding.
        reference: the dynamic graph's outputs per batch.
        decide: as for `compare`.
        workers: engines at a time.
        min_agreement: share of decisions that must be those of the reference.

    Returns:
        Engine -> `passed`, `max_abs_diff`, `agreement`, `precision`; or `refused` with the reason, for cells of the
        allow-list that are forbidden and engines that are not installed.
    """

    def one(engine: str) -> dict:
        refused = runtime.ALLOWED[engine].get(precision) or runtime.available(engine)
        if refused:
            return {"precision": precision, "passed": False, "refused": refused}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "outputs.npz"
            request = {"bundle": str(bundle), "engine": engine, "batches": [np.asarray(b).tolist() for b in batches]}
            try:
                bench.run_child("common.engine_child", request | {"outputs": str(file)})
            except (UserError, EnvironmentLacks, RuntimeError) as fault:
                return {"precision": precision, "passed": False, "refused": str(fault)}
            with np.load(file) as arrays:
                answers = [{name: arrays[f"{n}.{name}"] for name in outputs} for n, outputs in enumerate(reference)]
        result = compare(reference, answers, decide)
        if not math.isfinite(result["max_abs_diff"]):
            return {"precision": precision, "passed": False, "refused": "its answers hold NaN or infinity"}
        close = precision != "fp32" or result["max_abs_diff"] <= FP32_TOLERANCE
        return {"precision": precision, "passed": close and result["agreement"] >= min_agreement, **result}

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(engines, pool.map(one, engines), strict=True))


def describe(engine: str, result: dict) -> str:
    """One line for the terminal."""
    if "refused" in result:
        return f"  {engine:24} not taken: {result['refused']}"
    verdict = "passed" if result["passed"] else "FAILED"
    return (
        f"  {engine:24} {verdict}  largest difference {result['max_abs_diff']:.2e}  agreement {result['agreement']:.2%}"
    )
