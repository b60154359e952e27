# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Jobs that score or time every stage on every engine, and whose decisions a stage's are compared with."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from common.bundle.bundle import Bundle
from common.cli import UserError
from common.measure import entries
from common.measure.runner import Job

CHILD = "bench.child"  # the app's module that a job runs
DEFAULT = "onnxruntime"  # must answer, or there is nothing to publish; a failure of another engine is a result
Answers = dict[tuple[str, str], dict[str, Any]]
"""(stage, engine) to what the child process answered."""


def jobs(
    action: str,
    bundles: Mapping[str, Bundle],
    engines: Sequence[str],
    more: Mapping[str, Any],
    scores: Answers | None = None,
) -> list[Job]:
    """A job for every stage on every engine whose parity gate passed; its key is (stage, engine).

    Args:
        action: "score" or "serve", what the app's child is to do.
        more: further arguments of the child.
        scores: answers of an earlier run; those that failed there are left out.
    """
    return [
        Job(
            (stage, engine),
            CHILD,
            {"action": action, "bundle": str(bundle.path), "engine": engine, **more},
            may_fail=engine != DEFAULT,
        )
        for stage, bundle in bundles.items()
        for engine in entries.timed_engines(bundle, engines)
        if "failed" not in (scores or {}).get((stage, engine), {})
    ]


def main_scores(stage: str, answers: Answers, engines: Sequence[str]) -> dict[str, float]:
    """The scores that stand for a stage: the default engine's, else those of the first engine that has some.

    Raises:
        UserError: no engine of this stage has any.
    """
    for engine in sorted(engines, key=lambda name: name != DEFAULT):
        answer = answers.get((stage, engine))
        if answer and "failed" not in answer:
            return answer["scores"]["all"]
    raise UserError(f"{stage}: no engine of {', '.join(engines)} passed its parity gate and answers; export again")


def add_agreement(answers: Answers, engines: Sequence[str], compare: Callable[[list, list], dict[str, float]]) -> None:
    """Add to every answer what `compare(decisions in FP32, its own decisions)` gives, where both were recorded.

    INT8 is compared with the FP32 stage of the same width, FP32 with the original. Both decisions are those of the
    default engine, or of the answer's own engine where the default one is not measured.
    """
    names = {stage for stage, _ in answers}
    for (stage, engine), answer in answers.items():
        expected = answers.get((fp32_of(stage, names), DEFAULT if DEFAULT in engines else engine), {})
        if "predicted" in answer and "predicted" in expected:
            answer |= compare(expected["predicted"], answer["predicted"])


def agreement(expected: Sequence[Any], given: Sequence[Any]) -> dict[str, float]:
    """The share of decisions that are the same, 0..1, as "agreement"."""
    pairs = list(zip(expected, given, strict=True))
    return {"agreement": sum(one == other for one, other in pairs) / len(pairs)}


def fp32_of(stage: str, names: Collection[str]) -> str:
    """Which stage a stage's decisions are compared with: its own width in FP32; for FP32 itself, the original."""
    own = stage.removesuffix("_int8")
    return own if own != stage and own in names else "original"
