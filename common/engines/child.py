# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One engine in a process of its own, for `run_child("common.engines.child", {...})`: parity and benchmarks."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from common import child, machine, timing
from common.engines import runtime

import numpy as np


def answer(
    bundle: str,
    engine: str,
    batches: list[list],
    device: str = "cpu",
    threads: int = 1,
    precision: str | None = None,
    outputs: str | None = None,
    warmup: int = 0,
    repeats: int = 0,
) -> dict[str, Any]:
    """Run batches through one engine.

    Args:
        batches: each [batch][length], padded to a common length; where the manifest has several inputs, a list of one
            such per input.
        outputs: an .npz file to write, arrays named `{batch index}.{output name}`; None gives them back as lists.
        warmup, repeats: passes over the batches as in `timing.time_calls`; 0 repeats times nothing.

    Returns:
        "outputs" (a list of name to nested list, or the file's path), "peak_rss_mb" (before anything was written),
        "file_bytes", and where timed "p50", "p95", "mean" (ms) and "calls".
    """
    predictor = runtime.load(bundle, engine=engine, device=device, threads=threads, precision=precision)

    def run(arrays: np.ndarray) -> dict[str, np.ndarray]:
        return predictor.run(*arrays)

    given = [np.array(batch, np.int64) for batch in batches]
    given = [array if array.ndim == 3 else array[None] for array in given]  # [inputs, batch, length]
    results = [run(arrays) for arrays in given]
    report: dict[str, Any] = asdict(timing.time_calls(run, given, warmup, repeats)) if repeats else {}
    report["peak_rss_mb"] = machine.peak_rss_mb()
    report["file_bytes"] = predictor.file_bytes
    if outputs is None:
        report["outputs"] = [{name: array.tolist() for name, array in result.items()} for result in results]
    else:
        np.savez(
            Path(outputs),
            **{f"{i}.{name}": array for i, result in enumerate(results) for name, array in result.items()},
        )
        report["outputs"] = outputs
    return report


if __name__ == "__main__":
    child.child_main(answer)
