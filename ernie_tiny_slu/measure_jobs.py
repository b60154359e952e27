# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child processes of a measurement: which there are, in what order they run, and which run counts."""

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import bench, runtime
from common.bundle import Bundle
from common.cli import EnvironmentLacks, UserError

import alternatives

APP = Path(__file__).resolve().parent
MODEL_FILES = ("model.pdiparams", "model.pdmodel", "model.onnx", "model.arm.nb", "model.x86.nb")
LIMIT = 3600  # seconds a child may take
BASELINE_NOTE = (
    "the document's condition: Paddle Inference's defaults for the CPU, padded to the full length, PaddleNLP's "
    "ErnieTokenizer; peak_rss_mb is that of a process without PaddleNLP, peak_rss_paddlenlp_mb that of the timed one"
)


@dataclass(frozen=True)
class Job:
    """One child process: `python -m module`, fed with `arguments`, in the first round also with `first`.

    `key` is (stage, engine) or the like, or an alternative's name. `may_fail`: a failure is a result.
    """

    key: Any
    module: str
    arguments: dict[str, Any]
    first: dict[str, Any] = field(default_factory=dict)
    may_fail: bool = False


def score_jobs(stages: dict[str, Bundle], crf_stages: dict[str, Bundle], data: dict[str, str]) -> list[Job]:
    """Keys: (stage, name of the metric that the decoder gives)."""
    wanted = [(stage, "accuracy", "bio", bundle) for stage, bundle in stages.items()]
    wanted += [(stage, "accuracy_argmax", "argmax", bundle) for stage, bundle in stages.items()]
    wanted += [(stage, "accuracy_crf", "crf", bundle) for stage, bundle in crf_stages.items() if stage in stages]
    return [
        Job((stage, metric), "measure_child", {"action": "score", "bundle": str(b.path), "decoder": decoder, **data})
        for stage, metric, decoder, b in wanted
    ]


def refused(bundle: Bundle, engine: str) -> str | None:
    """Why an engine is not measured on a bundle at all: the allow-list forbids it, or its gate was not run."""
    reason = runtime.ALLOWED[engine].get(bundle.precision) or runtime.available(engine)
    if reason:
        return reason
    if bundle.engine(engine) is None:
        return "its parity gate did not run when the bundle was exported; export again to see why"
    return None


def engine_jobs(stage: str, bundle: Bundle, engines: Sequence[str], timing: dict[str, Any]) -> list[Job]:
    """Keys: (stage, engine). Engines that are refused or whose gate did not pass are left out.

    The original on Paddle Inference is what everything is compared with, so it is served as the document does it, with
    PaddleNLP's tokenizer and padding. Its import alone is larger than many a server: memory comes from a lean child,
    (stage, engine, "lean"), which pads too (free lengths would cost oneDNN another 30 MB of kernels).
    """
    jobs = []
    for engine in engines:
        if refused(bundle, engine) or not bundle.engine(engine)["passed"]:
            continue
        arguments = {"action": "serve", "bundle": str(bundle.path), "engine": engine, **timing}
        may_fail = engine != "onnxruntime"  # without the default engine there is nothing to publish
        if stage == "original" and engine == "paddle":
            jobs.append(Job((stage, engine), "alternatives_child", other(bundle, "paddle_padded", "", timing)))
            lean = other(bundle, "paddle_padded_lean", "", timing)
            jobs.append(Job((stage, engine, "lean"), "alternatives_child", lean))
        else:
            jobs.append(Job((stage, engine), "measure_child", arguments, may_fail=may_fail))
    return jobs


def alternative_jobs(original: Bundle, others: dict[str, dict], timing: dict, data: dict[str, str]) -> list[Job]:
    """Keys: the names. They are scored in the first round."""
    kinds = {alternatives.UNPADDED: ("paddle", "")} | {name: (m["kind"], m["model"]) for name, m in others.items()}
    return [
        Job(name, "alternatives_child", other(original, kind, model, timing), first=data)
        for name, (kind, model) in kinds.items()
    ]


def other(bundle: Bundle, kind: str, model: str, timing: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `alternatives_child.serve`."""
    more = {"max_length": bundle.max_length, "dtype": bundle.inputs[0]["dtype"]}
    return {"kind": kind, "model": model, "bundle": str(bundle.path), **more, **timing}


class Runner:
    """Runs jobs in child processes that have a user's environment: MKL_DEBUG_CPU_TYPE, with which env.sh makes training
    faster on AMD processors, is taken away, and libraries are kept to `threads`."""

    def __init__(self, threads: int, workers: int):
        self._workers = workers
        paths = [str(APP / "deploy" / "python"), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._environment = {
            "MKL_DEBUG_CPU_TYPE": None,
            "OMP_NUM_THREADS": str(threads),
            "PYTHONPATH": os.pathsep.join(paths),
        }

    def child(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return bench.run_child(module, arguments, LIMIT, APP, self._environment)

    def once(self, jobs: Sequence[Job]) -> dict[Any, dict]:
        """Every job's answer."""
        return self._all(jobs, "")

    def rounds(self, jobs: Sequence[Job], rounds: int) -> dict[Any, dict]:
        """Every job in turn, and all of them again: a disturbance that lasts a while does not meet one engine only."""
        answers = [self._all(jobs, f"round {number + 1} of {rounds}, ", number == 0) for number in range(rounds)]
        return {job.key: best([answer[job.key] for answer in answers]) for job in jobs}

    def _all(self, jobs: Sequence[Job], prefix: str, first: bool = True) -> dict[Any, dict]:
        def run(place: int) -> dict[str, Any]:
            job, begin = jobs[place], time.perf_counter()
            try:
                answer = self.child(job.module, {**job.arguments, **(job.first if first else {})})
            except (UserError, EnvironmentLacks, RuntimeError) as fault:
                if not job.may_fail:
                    raise
                answer = {"failed": str(fault)}
            name = job.key if isinstance(job.key, str) else " ".join(job.key)
            spent = time.perf_counter() - begin
            print(f"{prefix}{place + 1} of {len(jobs)}: {name}: {told(answer)} ({spent:.0f} s)", file=sys.stderr)
            return answer

        with ThreadPoolExecutor(self._workers) as pool:
            answers = list(pool.map(run, range(len(jobs))))
        return {job.key: answer for job, answer in zip(jobs, answers, strict=True)}


def best(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One report of several runs of the same job.

    Times: those of the run with the lowest median. Whatever else happens on a machine only ever makes a run slower, so
    the quieter run is nearer to the truth; a mean of the two would publish half of the disturbance. Memory: the
    highest, because it is a peak. A job that failed once has failed.
    """
    for each in reports:
        if "failed" in each:
            return each
    chosen = {key: min((r[key] for r in reports), key=lambda t: t["p50"]) for key in ("latency_ms", "end_to_end_ms")}
    memory = {"peak_rss_mb": max(r["peak_rss_mb"] for r in reports)}
    return {**chosen, **memory, **({"scores": reports[0]["scores"]} if "scores" in reports[0] else {})}


def told(answer: dict[str, Any]) -> str:
    """One job's answer in a few words, for the progress lines."""
    if "failed" in answer:
        return f"failed: {answer['failed']}"
    parts = []
    if "end_to_end_ms" in answer:
        parts.append(f"{answer['end_to_end_ms']['p50']:.2f} ms from text to JSON, {answer['peak_rss_mb']:.0f} MB")
    scores = answer.get("scores", answer)
    if "all" in scores:
        parts.append(f"accuracy {scores['all']['accuracy']:.4f}")
    return ", ".join(parts)
