# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child processes of a measurement, in a user's environment, and which of several runs counts."""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from common import bench
from common.bundle import Bundle
from common.cli import EnvironmentLacks, UserError

APP = Path(__file__).resolve().parent
LIMIT = 3600  # seconds a child may take
CHILD = "measure_child"


class Runner:
    """Runs `measure_child` with libraries kept to `threads`, and without MKL_DEBUG_CPU_TYPE, with which env.sh makes
    training faster: users of a bundle do not set it."""

    def __init__(self, threads: int):
        self._environment = {"MKL_DEBUG_CPU_TYPE": None, "OMP_NUM_THREADS": str(threads)}

    def scores(
        self, stages: dict[str, Bundle], engines: Sequence[str], test_path: str, batch_size: int, workers: int
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """Scores and predictions of every stage on every engine; "agreement" is that with the FP32 stage of the same
        width on ONNX Runtime (INT8), or with the original on it (FP32)."""
        keys = [(stage, engine) for stage in stages for engine in engines]

        def one(key: tuple[str, str]) -> dict[str, Any]:
            bundle = stages[key[0]]
            if (bundle.engine(key[1]) or {}).get("passed") is not True:
                return {"failed": "its parity gate did not pass or was not run when the bundle was exported"}
            arguments = {"bundle": str(bundle.path), "engine": key[1], "test_path": test_path}
            return self.child(key, {"action": "score", "batch_size": batch_size, **arguments})

        with ThreadPoolExecutor(workers) as pool:
            found = dict(zip(keys, pool.map(one, keys), strict=True))
        for (stage, engine), answer in found.items():
            if "failed" in answer:
                continue
            reference = found[fp32_of(stage, stages), "onnxruntime" if "onnxruntime" in engines else engine]
            pairs = list(zip(reference["predicted"], answer["predicted"], strict=True))
            answer["agreement"] = sum(a == b for a, b in pairs) / len(pairs)
        return found

    def times(
        self, stages: dict[str, Bundle], engines: Sequence[str], timing: dict[str, Any], rounds: int
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """Times and memory, one process after the other; of several rounds the quieter run of each counts."""
        keys = [(stage, e) for stage, b in stages.items() for e in engines if (b.engine(e) or {}).get("passed")]
        answers: dict[tuple[str, str], list[dict]] = {key: [] for key in keys}
        for _ in range(rounds):
            for stage, engine in keys:
                arguments = {"bundle": str(stages[stage].path), "engine": engine, **timing}
                answers[stage, engine].append(self.child((stage, engine), {"action": "serve", **arguments}))
        return {key: quietest(runs) for key, runs in answers.items()}

    def reference(self, folder: Path, timing: dict[str, Any]) -> dict[str, Any]:
        """Times of SKEP-large's shape on Paddle Inference. Slow as it is, one round and two calls are enough."""
        if not (folder / "bundle" / "manifest.json").exists():
            self.child(("reference",), {"action": "make_reference", "folder": str(folder)})
        arguments = {"bundle": str(folder / "bundle"), "engine": "paddle", **timing, "repeats": 2}
        return self.child(("reference",), {"action": "serve", **arguments})

    def child(self, key: tuple[str, ...], arguments: dict[str, Any]) -> dict[str, Any]:
        begin = time.perf_counter()
        try:
            answer = bench.run_child(CHILD, arguments, LIMIT, APP, self._environment)
        except (UserError, EnvironmentLacks, RuntimeError) as fault:
            if arguments["action"] != "score":
                raise
            answer = {"failed": str(fault)}
        said = told(answer)
        print(f"{arguments['action']} {' '.join(key)}: {said} ({time.perf_counter() - begin:.0f} s)", file=sys.stderr)
        return answer


def fp32_of(stage: str, stages: dict[str, Bundle]) -> str:
    """Which stage a stage's decisions are compared with: its own width in FP32; for FP32 itself, the original."""
    return "width" if stage == "width_int8" and "width" in stages else "original"


def quietest(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Times of the run with the lowest median each (a disturbance only ever makes a run slower), the highest memory.

    Raises:
        UserError: a run in which an engine changed its answers.
    """
    if not all(run["same_answers"] for run in runs):
        raise UserError("an engine changed its answers from run to run; no time counts for it")
    keys = ("latency_ms", "batch_1_ms", "end_to_end_ms")
    times = {key: min((run[key] for run in runs), key=lambda spread: spread["p50"]) for key in keys}
    return {**times, "peak_rss_mb": max(run["peak_rss_mb"] for run in runs), "same_answers": True}


def told(answer: dict[str, Any]) -> str:
    if "failed" in answer:
        return f"failed: {answer['failed']}"
    if "scores" in answer:
        return f"F1 {answer['scores']['f1']:.4f}"
    if "latency_ms" in answer:
        return f"{answer['latency_ms']['p50']:.0f} ms a batch, {answer['peak_rss_mb']:.0f} MB"
    return "made"
