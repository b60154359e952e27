# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The clock of performance_test.py: warm-up batches that run, the engine timed alone, and the report in words."""

import gc
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.measure import bench

import numpy as np
from data import Example

Batch = tuple[np.ndarray, np.ndarray]
"""Token ids and token types, int64 [batch, length]."""
LIBRARIES = {"paddle": "paddlepaddle", "fastdeploy": "fastdeploy-python"}  # others are called as their engines


def measure(predictor, batches: Sequence[Batch], epochs: int, warmup_steps: int | None = None) -> dict[str, Any]:
    """Time `predictor.run` batch by batch, nothing else; every batch's answer must be the same each time, bit for bit.

    Args:
        warmup_steps: batches that run before the clock counts, beginning anew after the last one; None: all once.

    Raises:
        UserError: an answer that differs from the one before, or is not a number.
    """
    answers: dict[int, np.ndarray] = {}
    seen_twice = set()

    def check(number: int, logits: np.ndarray) -> None:
        if not np.isfinite(logits).all():
            raise UserError(f"batch {number + 1}: {predictor.engine} answers NaN or infinity; take another engine")
        if number not in answers:
            answers[number] = logits
            return
        seen_twice.add(number)
        if not np.array_equal(answers[number], logits):
            most = np.abs(answers[number] - logits).max()
            raise UserError(
                f"batch {number + 1}: {predictor.engine} changes its answers from run to run, by up to {most:.3g}; no "
                "time counts for such an engine, take another one"
            )

    steps = len(batches) if warmup_steps is None else warmup_steps
    for step in range(steps):
        number = step % len(batches)
        check(number, predictor.run(*batches[number])["logits"])
    gc.collect()
    clock = time.perf_counter
    spent = np.zeros([epochs, len(batches)])
    for epoch in range(epochs):
        for number, batch in enumerate(batches):
            begin = clock()
            outputs = predictor.run(*batch)
            spent[epoch, number] = clock() - begin
            check(number, outputs["logits"])
    for number in set(range(len(batches))) - seen_twice:  # what neither warm-up nor a second epoch has repeated
        check(number, predictor.run(*batches[number])["logits"])
    p50, p95 = np.percentile(spent, (50, 95)) * 1e3
    return {
        "num_epochs": epochs,
        "warmup_batches": steps,
        "epochs_s": spent.sum(axis=1).tolist(),
        "mean_epoch_s": float(spent.sum(axis=1).mean()),
        "p50_ms": float(p50),
        "p95_ms": float(p95),
        "same_answers": True,
        "peak_rss_mb": bench.peak_rss_mb(),
    }


def tokenising_seconds(examples: Sequence[Example], tokenizer: WordPieceTokenizer, max_length: int) -> float:
    """What one pass over the data costs before the engine; the tokenizer has seen it once, as the engine has."""
    begin = time.perf_counter()
    for example in examples:
        tokenizer.encode_pair(example.aspect, example.text, max_length)
    return time.perf_counter() - begin


def print_times(report: dict[str, Any], rows: int) -> None:
    """What `measure` and `tokenising_seconds` found, for a person."""
    epochs, mean = report["num_epochs"], report["mean_epoch_s"]
    spread = f", {min(report['epochs_s']):.4f} to {max(report['epochs_s']):.4f} s" if epochs > 1 else ""
    print(
        f"warm-up: {report['warmup_batches']} batches\n"
        f"tokenising, not in the times below: {report['tokenising_s']:.4f} s an epoch, "
        f"{report['tokenising_s'] / rows * 1e3:.3f} ms a row\n"
        f"mean epoch time: {mean:.4f} s over {epochs} epoch{'s' * (epochs > 1)}{spread}\n"
        f"per batch: p50 {report['p50_ms']:.2f} ms, p95 {report['p95_ms']:.2f} ms\n"
        f"sentences per second: {rows / mean:.1f}\n"
        f"answers: the same bits in every run\n"
        f"peak memory: {report['peak_rss_mb']:.0f} MB",
        flush=True,
    )


def machine_line(engine: str, device: str, threads: int) -> str:
    """What a time belongs to: processor and its features, engine and version, device, threads."""
    machine = bench.machine()
    family = engine.split("_")[0]
    version = machine["libraries"].get(LIBRARIES.get(family, family), "")
    where = ", ".join(gpus()) if device == "gpu" else device
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {' '.join(machine['features'])}; {engine} {version} on {where}, "
        f"{threads} thread{'s' * (threads > 1)}"
    )


def gpus(folder: Path = Path("/proc/driver/nvidia/gpus")) -> list[str]:
    """Names of the NVIDIA GPUs as the driver tells them, asked without any library."""
    lines = [line for path in sorted(folder.glob("*/information")) for line in path.read_text().splitlines()]
    return [line.partition(":")[2].strip() for line in lines if line.startswith("Model")] or ["gpu"]
