# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child processes of this app's measurement, and what is compared with what."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from common import stages
from common.bundle import Bundle
from common.cli import UserError
from common.measuring import Job, Runner

APP = Path(__file__).resolve().parent
CHILD = "measure_child"
DEFAULT = "onnxruntime"  # without the default engine there is nothing to publish; of others a failure is a result
Found = dict[tuple[str, str], dict[str, Any]]
"""(stage, engine) to a child's answer."""


def runner(threads: int, workers: int = 1) -> Runner:
    return Runner(APP, threads, workers)


def score_jobs(bundles: dict[str, Bundle], engines: Sequence[str], test_path: str, batch_size: int) -> list[Job]:
    """Every stage on every engine whose gate passed."""
    more = {"test_path": test_path, "batch_size": batch_size}
    return [
        job("score", stage, bundle, engine, more)
        for stage, bundle in bundles.items()
        for engine in stages.timed_engines(bundle, engines)
    ]


def serve_jobs(bundles: dict[str, Bundle], engines: Sequence[str], scores: Found, timing: dict[str, Any]) -> list[Job]:
    """Every stage on every engine whose gate passed; those that could not be scored are left out."""
    return [
        job("serve", stage, bundle, engine, timing)
        for stage, bundle in bundles.items()
        for engine in stages.timed_engines(bundle, engines)
        if "failed" not in scores.get((stage, engine), {})
    ]


def job(action: str, stage: str, bundle: Bundle, engine: str, more: dict[str, Any]) -> Job:
    arguments = {"action": action, "bundle": str(bundle.path), "engine": engine, **more}
    return Job((stage, engine), CHILD, arguments, may_fail=engine != DEFAULT)


def main_score(stage: str, scores: Found, engines: Sequence[str]) -> dict[str, float]:
    """The scores that speak for a stage: the default engine's, else those of the first engine that has some.

    Raises:
        UserError: no engine passed.
    """
    for engine in sorted(engines, key=lambda name: name != DEFAULT):
        found = scores.get((stage, engine))
        if found and "failed" not in found:
            return found["scores"]["all"]
    raise UserError(f"{stage}: no engine of {', '.join(engines)} passed its parity gate and answers; export again")


def add_agreement(scores: Found, engines: Sequence[str]) -> None:
    """Note in every answer which share of the characters ("agreement") and of the sentences is tagged as by FP32.

    INT8 is compared with the FP32 stage of the same width, FP32 with the original, both on the default engine, or on
    its own where that one is not measured.
    """
    names = {stage for stage, _ in scores}
    for (stage, engine), answer in scores.items():
        reference = scores.get((fp32_of(stage, names), DEFAULT if DEFAULT in engines else engine), {})
        if "predicted" not in answer or "predicted" not in reference:
            answer |= {"agreement": None, "sentence_agreement": None}
            continue
        pairs = list(zip(reference["predicted"], answer["predicted"], strict=True))
        same = sum(a == b for one, other in pairs for a, b in zip(one, other, strict=True))
        answer["agreement"] = same / sum(len(one) for one, _ in pairs)
        answer["sentence_agreement"] = sum(one == other for one, other in pairs) / len(pairs)


def fp32_of(stage: str, names: Collection[str]) -> str:
    """Which stage a stage's decisions are compared with: its own width in FP32; for FP32 itself, the original."""
    own = stage.removesuffix("_int8")
    return own if own != stage and own in names else "original"
