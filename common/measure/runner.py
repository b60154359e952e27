# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Runs the jobs of a measurement, each in a child process of its own, and decides which of several runs counts.

A process of its own keeps engines apart: one that crashes or fills its memory does not touch the figures of another.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import child
from common.cli import EnvironmentLacks, UserError

LIMIT = 3600  # seconds a child may take


@dataclass(frozen=True)
class Job:
    """One child process: `python -m module`, with keyword arguments for the function that answers in it."""

    key: Any
    """What the answer is found by: (stage, engine) or the like, or the name of an alternative."""
    module: str
    """Dotted name of a module that ends with `child_main(answer)`."""
    arguments: dict[str, Any]
    """Given in every round."""
    first: dict[str, Any] = field(default_factory=dict)
    """Given in the first round only, for what need not be done again, such as scoring."""
    may_fail: bool = False
    """True: a failure is a result of the measurement; False: it ends the measurement."""

    @property
    def name(self) -> str:
        """For the progress lines."""
        return self.key if isinstance(self.key, str) else " ".join(self.key)


class Runner:
    """Runs jobs in child processes with the environment of a user who serves a model.

    env.sh sets MKL_DEBUG_CPU_TYPE, which makes training faster on AMD processors. No user of a served model would have
    it, so the children do not see it either. OpenMP is kept to `threads`.

    Args:
        folder: where the children work and find the modules of the app.
        threads: CPU threads of a library.
        workers: how many children run at the same time. Use 1 where times or memory are measured: more than one disturb
            each other.
        paths: further folders with modules, put first on PYTHONPATH.
    """

    def __init__(self, folder: Path, threads: int, workers: int, paths: Sequence[Path] = ()):
        self._folder, self._workers = folder, workers
        self._environment: dict[str, str | None] = {"MKL_DEBUG_CPU_TYPE": None, "OMP_NUM_THREADS": str(threads)}
        if paths:
            before = filter(None, [os.environ.get("PYTHONPATH")])
            self._environment["PYTHONPATH"] = os.pathsep.join([*map(str, paths), *before])

    def child(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """What one child answers.

        Raises:
            UserError, EnvironmentLacks: the child's own, with its message.
            RuntimeError: the child crashed, gave no answer within `LIMIT` seconds, or answered something else.
        """
        return child.run_child(module, arguments, LIMIT, self._folder, self._environment)

    def once(self, jobs: Sequence[Job]) -> dict[Any, dict[str, Any]]:
        """Run every job once.

        Returns:
            Each job's key to what its child answered, or to {"failed": message} for a job that may fail and did.
        """
        return self._run_all(jobs, prefix="", first=True)

    def rounds(self, jobs: Sequence[Job], rounds: int) -> dict[Any, dict[str, Any]]:
        """Run every job once, then all of them again, `rounds` times in all; what counts of them says `best`.

        Whatever slows the machine down for a while then meets every engine, not one of them only.
        """
        answers = [
            self._run_all(jobs, prefix=f"round {number + 1} of {rounds}, ", first=number == 0)
            for number in range(rounds)
        ]
        return {job.key: best([answer[job.key] for answer in answers]) for job in jobs}

    def _run_all(self, jobs: Sequence[Job], prefix: str, first: bool) -> dict[Any, dict[str, Any]]:
        from concurrent.futures import ThreadPoolExecutor

        def run(number: int) -> dict[str, Any]:
            job, begin = jobs[number], time.perf_counter()
            answer = self._run_one(job, first)
            seconds = time.perf_counter() - begin
            progress = f"{prefix}{number + 1} of {len(jobs)}: {job.name}: {format_answer(answer)} ({seconds:.0f} s)"
            print(progress, file=sys.stderr)
            return answer

        with ThreadPoolExecutor(self._workers) as pool:  # threads only wait for the children
            answers = list(pool.map(run, range(len(jobs))))
        return {job.key: answer for job, answer in zip(jobs, answers, strict=True)}

    def _run_one(self, job: Job, first: bool) -> dict[str, Any]:
        try:
            return self.child(job.module, {**job.arguments, **(job.first if first else {})})
        except (UserError, EnvironmentLacks, RuntimeError) as fault:
            if not job.may_fail:
                raise
            return {"failed": str(fault)}


def best(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One answer out of several runs of the same job, with the keys of the first.

    Times (`…_ms`): those of the run with the lowest median. Whatever else happens on a machine only ever makes a run
    slower, so the quieter run is nearer to the truth; a mean of the two would publish half of the disturbance. Memory:
    the highest, because it is a peak. A job that failed once has failed.
    """
    for answer in answers:
        if "failed" in answer:
            return answer

    def chosen(key: str) -> Any:
        if key.endswith("_ms"):
            return min((answer[key] for answer in answers), key=lambda times: times["p50"])
        return max(answer[key] for answer in answers) if key == "peak_rss_mb" else answers[0][key]

    return {key: chosen(key) for key in answers[0]}


def format_answer(answer: dict[str, Any]) -> str:
    """One child's answer in a few words, for the progress lines; of its scores ("all": name to figure) the first."""
    if "failed" in answer:
        return f"failed: {answer['failed']}"
    parts = []
    if "end_to_end_ms" in answer:
        parts.append(f"{answer['end_to_end_ms']['p50']:.2f} ms from text to JSON, {answer['peak_rss_mb']:.0f} MiB")
    scores = answer.get("scores", answer).get("all")
    if scores:
        name, figure = next(iter(scores.items()))
        parts.append(f"{name} {figure:.4f}")
    return ", ".join(parts)
