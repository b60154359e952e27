# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child processes of this app's measurement, and what is compared with what."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from common import stages
from common.bundle import Bundle
from common.cli import UserError
from common.measuring import Job, Runner
from common.summary import width_of, width_stage

import scoring
from tasks import Task

APP = Path(__file__).resolve().parent
CHILD = "measure_child"
DEFAULT = "onnxruntime"  # without the default engine there is nothing to publish; of others a failure is a result
Found = dict[tuple[str, str], dict[str, Any]]
"""(stage, engine) to a child's answer."""


def task_name(task: Task) -> str:
    """As manifests have it."""
    return f"glue_{task.name.lower()}"


def scores(bundles: dict[str, Bundle], task: Task, options) -> Found:
    """Every stage on every engine whose gate passed, with its agreement; nothing where no data were given."""
    if options.data_dir is None:
        return {}
    more = {"data_dir": str(options.data_dir.resolve()), "batch_size": options.batch_size}
    jobs = [job("score", name, bundle, engine, more) for name, bundle, engine in passed(bundles, options.engines)]
    found = Runner(APP, options.threads, options.workers).once(jobs)
    add_agreement(found, options.engines, task)
    return found


def times(bundles: dict[str, Bundle], scored: Found, task: Task, options) -> Found:
    """Those that could be scored, or all where nothing was."""
    timing = {name: getattr(options, name) for name in ("threads", "repeats", "batch_size", "length")}
    timing["data_dir"] = str(options.data_dir.resolve()) if options.data_dir else None
    jobs = [
        job("serve", name, bundle, engine, timing)
        for name, bundle, engine in passed(bundles, options.engines)
        if "failed" not in scored.get((name, engine), {})
    ]
    return Runner(APP, options.threads, 1).rounds(jobs, options.rounds)


def passed(bundles: dict[str, Bundle], engines: Sequence[str]) -> list[tuple[str, Bundle, str]]:
    return [(name, b, engine) for name, b in bundles.items() for engine in stages.timed_engines(b, engines)]


def job(action: str, stage: str, bundle: Bundle, engine: str, more: dict[str, Any]) -> Job:
    arguments = {"action": action, "bundle": str(bundle.path), "engine": engine, **more}
    return Job((stage, engine), CHILD, arguments, may_fail=engine != DEFAULT)


def main_scores(stage: str, found: Found, engines: Sequence[str]) -> dict[str, float]:
    """The scores that speak for a stage: the default engine's, else those of the first engine that has some.

    Raises:
        UserError: scores there are, but none of this stage.
    """
    if not found:
        return {}
    for engine in sorted(engines, key=lambda name: name != DEFAULT):
        answer = found.get((stage, engine))
        if answer and "failed" not in answer:
            return answer["scores"]["all"]
    raise UserError(f"{stage}: no engine of {', '.join(engines)} passed its parity gate and answers; export again")


def add_agreement(found: Found, engines: Sequence[str], task: Task) -> None:
    """Note in every answer the share of decisions that are those of FP32, as "agreement".

    INT8 is compared with the FP32 stage of the same width, FP32 with the original, both on the default engine, or on
    its own where that one is not measured. Scores are compared as whole numbers.
    """
    names = {stage for stage, _ in found}
    for (stage, engine), answer in found.items():
        reference = found.get((fp32_of(stage, names), DEFAULT if DEFAULT in engines else engine), {})
        if "predicted" in answer and "predicted" in reference:
            pairs = list(zip(reference["predicted"], answer["predicted"], strict=True))
            if task.regression:
                pairs = [(round(one), round(other)) for one, other in pairs]
            answer["agreement"] = sum(one == other for one, other in pairs) / len(pairs)


def fp32_of(stage: str, names: Collection[str]) -> str:
    """Which stage a stage's decisions are compared with: its own width in FP32; for FP32 itself, the original."""
    width = width_of(stage)
    same = width_stage(width[0]) if width and width[1] else None
    return same if same in names else "original"


def reported(task: Task, found: dict[str, float]) -> dict[str, float]:
    """The metrics of a table."""
    return {name: found[name] for name in scoring.metric_names(task, found)}
