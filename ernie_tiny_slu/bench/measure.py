# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What each stage costs and gains: scores, speed, memory and size, per engine, into one summary.json."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import cli, files
from common.bundle.bundle import Bundle, file_bytes
from common.measure import entries, stages
from common.measure.options import MeasureOptions
from common.report.publish import publish

from utils import read_examples

from bench import alternatives
from bench import jobs as measure_jobs

TASK = "joint_intent_slot"
SHUFFLE_SEED = 2018  # the sentences that are timed are the same ones in every run


@dataclass
class Options(MeasureOptions):
    """Measure bundles: scores on the whole test file, and per engine speed, memory and parity. Prints the ledger."""

    crf_stages: tuple[str, ...] = ()
    """The stages of a chain that was trained with a CRF; scored only."""
    test_path: Path = Path("data/test.txt")
    """Labelled sentences that nothing was chosen on."""
    train_path: Path = Path("data/train.txt")
    """What was trained on; queries that are not in it count as unseen."""
    alternatives: bool = False
    """Measure also what a user would take instead from the original's weights."""
    work_dir: Path = Path("output/alternatives")
    """Where the alternatives' models are made."""
    calibration_path: Path | None = None
    """Training sentences for NNCF; --train_path if not given."""
    latency_sentences: int = 200
    """How many of the test sentences are timed, drawn by a fixed seed."""

    def __post_init__(self):
        super().__post_init__()
        self.check_positive("latency_sentences")


def main(options: Options) -> None:
    bundles = stages.read_stages(options.stages, "--stages", TASK)
    crf_bundles = stages.read_stages(options.crf_stages, "--crf_stages", TASK)
    original = stages.require_original(bundles, "--stages")
    files.require(options.train_path, "training file")
    texts = sentences_to_time(options, original)
    runner = measure_jobs.runner(options.threads, options.workers)
    others = {}
    if options.alternatives:
        calibration = options.calibration_path or options.train_path
        others = alternatives.make(original, calibration.resolve(), options.work_dir.resolve(), runner.child)

    data = {"test_path": str(options.test_path.resolve()), "train_path": str(options.train_path.resolve())}
    timing = {"texts": texts, "repeats": options.repeats, "threads": options.threads}
    scores = runner.once(measure_jobs.score_jobs(bundles, crf_bundles, data))
    jobs = measure_jobs.alternative_jobs(original, others, timing, data) if options.alternatives else []
    jobs += [job for bundle in bundles.items() for job in measure_jobs.engine_jobs(*bundle, options.engines, timing)]
    measured = runner.rounds(jobs, options.rounds)

    summary = {
        **entries.summary_head("ernie_tiny_slu", options),
        "stages": [stage_entry(name, bundle, options.engines, scores, measured) for name, bundle in bundles.items()],
        "alternatives": alternative_entries(original, others, measured) if options.alternatives else [],
        "conditions": {
            **{name: getattr(options, name) for name in ("threads", "workers", "repeats", "rounds")},
            "latency_sentences": len(texts),
            **{name: scores["original", "accuracy"][name] for name in ("queries", "unseen_queries")},
        },
    }
    publish(summary, options.output)


def sentences_to_time(options: Options, bundle: Bundle) -> list[str]:
    texts = [
        example.text for example in read_examples(options.test_path, bundle.labels["intent"], bundle.labels["slot"])
    ]
    random.Random(SHUFFLE_SEED).shuffle(texts)
    return texts[: options.latency_sentences]


def stage_entry(name: str, bundle: Bundle, engines: tuple[str, ...], scores: dict, measured: dict) -> dict[str, Any]:
    return {
        "stage": name,
        **entries.sizes(bundle),
        "metrics": stage_metrics({kind: found for (stage, kind), found in scores.items() if stage == name}),
        "engines": [entry_of(name, bundle, engine, measured) for engine in engines],
    }


def stage_metrics(scores: dict[str, dict]) -> dict[str, float | None]:
    """From "accuracy", "accuracy_argmax" and perhaps "accuracy_crf" as of `bench.child.scores`, in a fixed order."""

    def unseen(kind: str) -> float | None:
        return (scores[kind]["unseen"] or {}).get("accuracy")

    bio = scores["accuracy"]
    metrics = {"accuracy": bio["all"]["accuracy"], "accuracy_unseen": unseen("accuracy")}
    metrics["accuracy_argmax"] = scores["accuracy_argmax"]["all"]["accuracy"]
    if "accuracy_crf" in scores:
        metrics["accuracy_crf"] = scores["accuracy_crf"]["all"]["accuracy"]
        metrics["accuracy_crf_unseen"] = unseen("accuracy_crf")
    return {**metrics, **{kind: bio["all"][kind] for kind in ("intent_accuracy", "slot_f1")}}


def entry_of(name: str, bundle: Bundle, engine: str, measured: dict) -> dict[str, Any]:
    """One engine at one stage; the baseline's memory is that of its lean child."""
    entry = entries.engine_entry(bundle, engine, measured.get((name, engine)))
    lean = measured.get((name, engine, "lean"))
    if lean is None:
        return entry
    entry.update(peak_rss_mb=lean["peak_rss_mb"], peak_rss_paddlenlp_mb=entry["peak_rss_mb"])
    return {**entry, "note": measure_jobs.BASELINE_NOTE}


def alternative_entries(original: Bundle, others: dict[str, dict], measured: dict) -> list[dict[str, Any]]:
    every = {alternatives.UNPADDED: {"size_bytes": file_bytes(original, "paddle")}, **others}
    metrics = ("accuracy", "intent_accuracy", "slot_f1")
    return [entries.alternative_entry(name, made, measured[name], metrics) for name, made in every.items()]


if __name__ == "__main__":
    cli.run(main, Options)
