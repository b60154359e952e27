# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child processes of this app's measurement, and how their decisions are compared."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from common.bundle.bundle import Bundle
from common.measure import compare
from common.measure.compare import Found
from common.measure.runner import Runner

from glue import metrics
from glue.tasks import Task

APP = Path(__file__).resolve().parents[1]


def task_name(task: Task) -> str:
    """As manifests have it."""
    return f"glue_{task.name.lower()}"


def scores(bundles: dict[str, Bundle], task: Task, options) -> Found:
    """Every stage on every engine whose gate passed, with its agreement; nothing where no data were given."""
    if options.data_dir is None:
        return {}
    more = {"data_dir": str(options.data_dir.resolve()), "batch_size": options.batch_size}
    jobs = compare.jobs("score", bundles, options.engines, more)
    found = Runner(APP, options.threads, options.workers).once(jobs)
    compare.add_agreement(found, options.engines, partial(agreement, task))
    return found


def times(bundles: dict[str, Bundle], scored: Found, task: Task, options) -> Found:
    """Those that could be scored, or all where nothing was."""
    timing = {name: getattr(options, name) for name in ("threads", "repeats", "batch_size", "length")}
    timing["data_dir"] = str(options.data_dir.resolve()) if options.data_dir else None
    jobs = compare.jobs("serve", bundles, options.engines, timing, scored)
    return Runner(APP, options.threads, 1).rounds(jobs, options.rounds)


def main_scores(stage: str, found: Found, engines: Sequence[str]) -> dict[str, float]:
    """As `comparing.main_scores`; nothing where nothing at all was scored."""
    return compare.main_scores(stage, found, engines) if found else {}


def agreement(task: Task, expected: Sequence[float | str], given: Sequence[float | str]) -> dict[str, float]:
    """The share of decisions that are the same; those of a regression are compared as whole numbers."""
    if task.regression:
        expected, given = [round(one) for one in expected], [round(one) for one in given]
    return compare.agreement(expected, given)


def reported(task: Task, found: dict[str, float]) -> dict[str, float]:
    """The metrics of a table."""
    return {name: found[name] for name in metrics.metric_names(task, found)}
