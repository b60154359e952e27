# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child processes of this app's measurement."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.bundle.bundle import Bundle
from common.measure import entries
from common.measure.runner import Job, Runner

from bench import alternatives

APP = Path(__file__).resolve().parents[1]
BASELINE_NOTE = (
    "the document's condition: Paddle Inference's defaults for the CPU, padded to the full length, PaddleNLP's "
    "ErnieTokenizer; peak_rss_mb is that of a process without PaddleNLP, peak_rss_paddlenlp_mb that of the timed one"
)


def runner(threads: int, workers: int) -> Runner:
    """Children find the modules of this app and of its Python demo."""
    return Runner(APP, threads, workers)


def score_jobs(bundles: dict[str, Bundle], crf_bundles: dict[str, Bundle], data: dict[str, str]) -> list[Job]:
    """Keys: (stage, name of the metric that the decoder gives)."""
    wanted = [(stage, "accuracy", "bio", bundle) for stage, bundle in bundles.items()]
    wanted += [(stage, "accuracy_argmax", "argmax", bundle) for stage, bundle in bundles.items()]
    wanted += [(stage, "accuracy_crf", "crf", bundle) for stage, bundle in crf_bundles.items() if stage in bundles]
    return [
        Job((stage, metric), "bench.child", {"action": "score", "bundle": str(b.path), "decoder": decoder, **data})
        for stage, metric, decoder, b in wanted
    ]


def engine_jobs(stage: str, bundle: Bundle, engines: Sequence[str], timing: dict[str, Any]) -> list[Job]:
    """Keys: (stage, engine). Engines that are refused or whose gate did not pass are left out.

    The original on Paddle Inference is what everything is compared with, so it is served as the document does it, with
    PaddleNLP's tokenizer and padding. Its import alone is larger than many a server: memory comes from a lean child,
    (stage, engine, "lean"), which pads too (free lengths would cost oneDNN another 30 MB of kernels).
    """
    jobs = []
    for engine in entries.timed_engines(bundle, engines):
        arguments = {"action": "serve", "bundle": str(bundle.path), "engine": engine, **timing}
        may_fail = engine != "onnxruntime"  # without the default engine there is nothing to publish
        if stage == "original" and engine == "paddle":
            jobs.append(Job((stage, engine), "bench.alternatives_child", other(bundle, "paddle_padded", "", timing)))
            lean = other(bundle, "paddle_padded_lean", "", timing)
            jobs.append(Job((stage, engine, "lean"), "bench.alternatives_child", lean))
        else:
            jobs.append(Job((stage, engine), "bench.child", arguments, may_fail=may_fail))
    return jobs


def alternative_jobs(original: Bundle, others: dict[str, dict], timing: dict, data: dict[str, str]) -> list[Job]:
    """Keys: the names. They are scored in the first round."""
    kinds = {alternatives.UNPADDED: ("paddle", "")} | {name: (m["kind"], m["model"]) for name, m in others.items()}
    return [
        Job(name, "bench.alternatives_child", other(original, kind, model, timing), first=data)
        for name, (kind, model) in kinds.items()
    ]


def other(bundle: Bundle, kind: str, model: str, timing: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `bench.alternatives_child.serve`."""
    more = {"max_length": bundle.max_length, "dtype": bundle.inputs[0]["dtype"]}
    return {"kind": kind, "model": model, "bundle": str(bundle.path), **more, **timing}
