# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every engine against the dynamic graph, each in a process of its own."""

import math
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import child
from common.cli import EnvironmentLacks, UserError
from common.engines import runtime
from common.parity import FP32_TOLERANCE, INT8_AGREEMENT, Batch, Outputs, compare

import numpy as np

CPU_ENGINES = tuple(runtime.ALLOWED)


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
                child.run_child("common.engines.child", request | {"outputs": str(file)})
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
