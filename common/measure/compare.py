# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Stages of one model on every engine: the jobs of a measurement, and which stage is compared with which."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from common.bundle.bundle import Bundle
from common.cli import UserError
from common.measure import stages
from common.measure.runner import Job

CHILD = "bench.child"  # the app's module that a job runs
DEFAULT = "onnxruntime"  # without the default engine there is nothing to publish; of others a failure is a result
Found = dict[tuple[str, str], dict[str, Any]]
"""(stage, engine) to a child's answer."""


def jobs(
    action: str,
    bundles: Mapping[str, Bundle],
    engines: Sequence[str],
    more: Mapping[str, Any],
    scores: Found | None = None,
) -> list[Job]:
    """Every stage on every engine whose gate passed; where `scores` are given, without those that failed there."""
    return [
        Job(
            (stage, engine),
            CHILD,
            {"action": action, "bundle": str(bundle.path), "engine": engine, **more},
            may_fail=engine != DEFAULT,
        )
        for stage, bundle in bundles.items()
        for engine in stages.timed_engines(bundle, engines)
        if "failed" not in (scores or {}).get((stage, engine), {})
    ]


def main_scores(stage: str, found: Found, engines: Sequence[str]) -> dict[str, float]:
    """The scores that speak for a stage: the default engine's, else those of the first engine that has some.

    Raises:
        UserError: no engine of this stage has any.
    """
    for engine in sorted(engines, key=lambda name: name != DEFAULT):
        answer = found.get((stage, engine))
        if answer and "failed" not in answer:
            return answer["scores"]["all"]
    raise UserError(f"{stage}: no engine of {', '.join(engines)} passed its parity gate and answers; export again")


def add_agreement(found: Found, engines: Sequence[str], compare: Callable[[list, list], dict[str, float]]) -> None:
    """Note in every answer what `compare` says of FP32's decisions and its own, where both are there.

    INT8 is compared with the FP32 stage of the same width, FP32 with the original, both on the default engine, or on
    its own where that one is not measured.
    """
    names = {stage for stage, _ in found}
    for (stage, engine), answer in found.items():
        reference = found.get((fp32_of(stage, names), DEFAULT if DEFAULT in engines else engine), {})
        if "predicted" in answer and "predicted" in reference:
            answer |= compare(reference["predicted"], answer["predicted"])


def agreement(expected: Sequence[Any], given: Sequence[Any]) -> dict[str, float]:
    """The share of decisions that are the same, as "agreement"."""
    pairs = list(zip(expected, given, strict=True))
    return {"agreement": sum(one == other for one, other in pairs) / len(pairs)}


def fp32_of(stage: str, names: Collection[str]) -> str:
    """Which stage a stage's decisions are compared with: its own width in FP32; for FP32 itself, the original."""
    own = stage.removesuffix("_int8")
    return own if own != stage and own in names else "original"
