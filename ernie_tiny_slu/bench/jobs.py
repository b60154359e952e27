# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child processes of this app's measurement: what each is called with, and by which key its result is found."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.bundle import Bundle
from common.measure import entries
from common.measure.runner import Job, Runner

from bench import alternatives

APP = Path(__file__).resolve().parents[1]
BASELINE_NOTE = (
    "the document's condition: Paddle Inference's defaults for the CPU, padded to the full length, PaddleNLP's "
    "ErnieTokenizer; peak_rss_mb is that of a process without PaddleNLP, peak_rss_paddlenlp_mb that of the timed one"
)


def runner(threads: int, workers: int) -> Runner:
    """Runs children in the app's folder, where they find its modules."""
    return Runner(APP, threads, workers)


def score_jobs(bundles: dict[str, Bundle], crf_bundles: dict[str, Bundle], data: dict[str, str]) -> list[Job]:
    """Scores of every stage by each decoder. Keys: (stage, name of the metric that the decoder gives).

    Args:
        crf_bundles: stages of a chain that was trained with a CRF.
        data: `test_path` and `train_path`, as `bench.child.score` takes them.
    """
    wanted = [(stage, "accuracy", "bio", bundle) for stage, bundle in bundles.items()]
    wanted += [(stage, "accuracy_argmax", "argmax", bundle) for stage, bundle in bundles.items()]
    wanted += [(stage, "accuracy_crf", "crf", bundle) for stage, bundle in crf_bundles.items() if stage in bundles]
    return [
        Job((stage, metric), "bench.child", {"action": "score", "bundle": str(b.path), "decoder": decoder, **data})
        for stage, metric, decoder, b in wanted
    ]


def engine_jobs(stage: str, bundle: Bundle, engines: Sequence[str], timing: dict[str, Any]) -> list[Job]:
    """Speed and memory of a stage. Keys: (stage, engine).

    Engines that are refused or whose gate did not pass are left out.

    The original on Paddle Inference is what everything is compared with, so it is served as the document does it, with
    PaddleNLP's tokenizer and padding. Its import alone is larger than many a server: memory comes from a lean child,
    (stage, engine, "lean"), which pads too (free lengths would cost oneDNN another 30 MB of kernels).
    """
    jobs = []
    for engine in entries.timed_engines(bundle, engines):
        arguments = {"action": "serve", "bundle": str(bundle.path), "engine": engine, **timing}
        may_fail = engine != "onnxruntime"  # without the default engine there is nothing to publish
        if stage == "original" and engine == "paddle":
            padded = alternative_arguments(bundle, "paddle_padded", "", timing)
            jobs.append(Job((stage, engine), "bench.alternatives_child", padded))
            lean = alternative_arguments(bundle, "paddle_padded_lean", "", timing)
            jobs.append(Job((stage, engine, "lean"), "bench.alternatives_child", lean))
        else:
            jobs.append(Job((stage, engine), "bench.child", arguments, may_fail=may_fail))
    return jobs


def alternative_jobs(original: Bundle, others: dict[str, dict], timing: dict, data: dict[str, str]) -> list[Job]:
    """Speed, memory and scores of what a user would serve instead. Keys: the names; scored in the first round only.

    Args:
        others: as `bench.alternatives.make` gives them.
        timing, data: arguments of `bench.alternatives_child.serve`.
    """
    kinds = {alternatives.UNPADDED: ("paddle", "")} | {name: (m["kind"], m["model"]) for name, m in others.items()}
    return [
        Job(name, "bench.alternatives_child", alternative_arguments(original, kind, model, timing), first=data)
        for name, (kind, model) in kinds.items()
    ]


def alternative_arguments(bundle: Bundle, kind: str, model: str, timing: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `bench.alternatives_child.serve`."""
    more = {"max_length": bundle.max_length, "dtype": bundle.inputs[0]["dtype"]}
    return {"kind": kind, "model": model, "bundle": str(bundle.path), **more, **timing}
