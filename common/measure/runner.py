# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Measuring in child processes: the jobs, the order in which they run, which run counts, and what a child does.

Small on purpose: the children import it too, and their peak memory is published.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import child
from common.cli import EnvironmentLacks, UserError
from common.measure import bench

LIMIT = 3600  # seconds a child may take


def timed(
    understand: Callable[[Any], Any],
    run: Callable[[Any], Any],
    questions: Sequence[Any],
    inputs: Sequence[Any],
    repeats: int,
) -> dict[str, Any]:
    """What serving costs; memory is read first, before anything but serving was done.

    Args:
        understand: a question to an answer that JSON can hold.
        run: the engine alone, on what `understand` gives it for one question.
        questions, inputs: what the two are called with.
        repeats: timed passes of each, after one to warm up.

    Returns:
        latency_ms (`run`), end_to_end_ms (question to JSON string), both as of `bench.measure`, and peak_rss_mb.
    """
    whole = bench.measure(lambda question: json.dumps(understand(question), ensure_ascii=False), questions, 1, repeats)
    memory = bench.peak_rss_mb()
    return {"latency_ms": bench.measure(run, inputs, 1, repeats), "end_to_end_ms": whole, "peak_rss_mb": memory}


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


class Runner:
    """Runs jobs in child processes that have a user's environment: MKL_DEBUG_CPU_TYPE, with which env.sh makes training
    faster on AMD processors, is taken away, and libraries are kept to `threads`.

    Args:
        folder: where the children work, and find the modules of the app.
        threads: CPU threads of a library.
        workers: children at a time; more than one disturb each other.
        paths: further folders with modules.
    """

    def __init__(self, folder: Path, threads: int, workers: int, paths: Sequence[Path] = ()):
        self._folder, self._workers = folder, workers
        self._environment: dict[str, str | None] = {"MKL_DEBUG_CPU_TYPE": None, "OMP_NUM_THREADS": str(threads)}
        if paths:
            before = filter(None, [os.environ.get("PYTHONPATH")])
            self._environment["PYTHONPATH"] = os.pathsep.join([*map(str, paths), *before])

    def child(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return child.run_child(module, arguments, LIMIT, self._folder, self._environment)

    def once(self, jobs: Sequence[Job]) -> dict[Any, dict]:
        """Every job's answer."""
        return self._all(jobs, "")

    def rounds(self, jobs: Sequence[Job], rounds: int) -> dict[Any, dict]:
        """Every job in turn, and all of them again: a disturbance that lasts a while does not meet one engine only."""
        answers = [self._all(jobs, f"round {number + 1} of {rounds}, ", number == 0) for number in range(rounds)]
        return {job.key: best([answer[job.key] for answer in answers]) for job in jobs}

    def _all(self, jobs: Sequence[Job], prefix: str, first: bool = True) -> dict[Any, dict]:
        from concurrent.futures import ThreadPoolExecutor

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
    """One report of several runs of the same job, with what the first of them has.

    Times (`…_ms`): those of the run with the lowest median. Whatever else happens on a machine only ever makes a run
    slower, so the quieter run is nearer to the truth; a mean of the two would publish half of the disturbance. Memory:
    the highest, because it is a peak. A job that failed once has failed.
    """
    for each in reports:
        if "failed" in each:
            return each

    def chosen(key: str) -> Any:
        if key.endswith("_ms"):
            return min((report[key] for report in reports), key=lambda times: times["p50"])
        return max(report[key] for report in reports) if key == "peak_rss_mb" else reports[0][key]

    return {key: chosen(key) for key in reports[0]}


def told(answer: dict[str, Any]) -> str:
    """One job's answer in a few words, for the progress lines; of scores ("all": name to figure) the first."""
    if "failed" in answer:
        return f"failed: {answer['failed']}"
    parts = []
    if "end_to_end_ms" in answer:
        parts.append(f"{answer['end_to_end_ms']['p50']:.2f} ms from text to JSON, {answer['peak_rss_mb']:.0f} MB")
    scores = answer.get("scores", answer).get("all")
    if scores:
        name, figure = next(iter(scores.items()))
        parts.append(f"{name} {figure:.4f}")
    return ", ".join(parts)
