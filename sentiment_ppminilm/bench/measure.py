# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What INT8 and a narrower model cost and gain: scores on the test file, and per engine speed, memory and parity."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import cli, files
from common.bundle.bundle import Bundle
from common.measure import compare, entries, stages
from common.measure.options import MeasureOptions
from common.report.publish import publish

from aspect.predictor import TASK

from bench import jobs as measure_jobs

ORDER = ("original", "int8", "width", "width_int8")
METRICS = ("f1", "f1_0", "f1_1", "macro_f1", "accuracy", "recall")
REFERENCE = "SKEP-large"


@dataclass
class Options(MeasureOptions):
    """Measure bundles of one trained model against each other. Prints the ledger."""

    stages: tuple[str, ...]
    """STAGE=FOLDER of each stage's bundle, in order: original=… int8=… width=… width_int8=…"""
    test_path: Path = Path("data/cls_data/test.txt")
    """Labelled text that nothing was chosen on."""
    engines: tuple[str, ...] = ("paddle", "onnxruntime", "openvino")
    """Which engines are scored and timed."""
    batch_size: int = 16
    """Texts per call."""
    length: int = 128
    """Tokens per text where the model alone is timed."""
    repeats: int = 5
    """Timed calls of the model; each batch of texts is answered as often."""
    workers: int = 2
    """Scoring processes at a time; timing runs alone."""
    reference: bool = False
    """Time also a model of SKEP-large's shape with random weights."""
    reference_dir: Path = Path("checkpoints/reference")
    """Where that model is made."""
    output: Path = Path("checkpoints/summary.json")
    """The file to write."""

    def __post_init__(self):
        super().__post_init__()
        self.check_positive("batch_size", "length")


def main(options: Options) -> None:
    bundles = stages.read_stages(options.stages, "--stages", TASK, ORDER)
    stages.require_original(bundles, "--stages")
    files.require(options.test_path, "test file (--test_path)")
    test_path, alone = str(options.test_path.resolve()), measure_jobs.runner(options.threads)

    more = {"test_path": test_path, "batch_size": options.batch_size}
    jobs = compare.jobs("score", bundles, options.engines, more)
    scores = measure_jobs.runner(options.threads, options.workers).once(jobs)
    main_scores = {name: compare.main_scores(name, scores, options.engines) for name in bundles}
    compare.add_agreement(scores, options.engines, compare.agreement)
    timing = {name: getattr(options, name) for name in ("threads", "repeats", "batch_size", "length")}
    timing["test_path"] = test_path
    times = alone.rounds(compare.jobs("serve", bundles, options.engines, timing, scores), options.rounds)
    reference = measure_jobs.reference(alone, options.reference_dir.resolve(), timing) if options.reference else None
    summary = {
        **entries.summary_head("sentiment_ppminilm", options),
        **({"reference": reference_entry(reference)} if reference else {}),
        "stages": [
            {
                "stage": name,
                **entries.sizes(bundle),
                "metrics": metrics(bundle, main_scores[name]),
                "engines": [entry_of(name, bundle, engine, scores, times) for engine in options.engines],
            }
            for name, bundle in bundles.items()
        ],
        "alternatives": [],
        "conditions": {
            name: getattr(options, name) for name in ("batch_size", "length", "threads", "repeats", "rounds")
        },
    }
    publish(summary, options.output)


def metrics(bundle: Bundle, scores: dict[str, float]) -> dict[str, float | None]:
    """Those on the test file, and F1 on the development set where all of it was scored."""
    on_dev = bundle.manifest["metrics"]
    dev = {"f1_dev": on_dev.get("f1")} if on_dev.get("split") == "dev" else {}
    return {key: scores[key] for key in METRICS if key in scores} | dev


def entry_of(name: str, bundle: Bundle, engine: str, scores: dict, times: dict) -> dict[str, Any]:
    """One engine at one stage: as `entries.scored_entry`, with F1 on the test file."""
    entry = entries.scored_entry(name, bundle, engine, scores, times)
    return {**entry, "f1": scores[name, engine]["scores"]["all"]["f1"]} if "file_bytes" in entry else entry


def reference_entry(found: dict[str, Any]) -> dict[str, Any]:
    """What is true of a model with random weights and a made-up vocabulary: its size, memory and own time."""
    costs = {key: found[key] for key in ("latency_ms", "batch_1_ms", "size_bytes", "peak_rss_mb")}
    return {"name": REFERENCE, "engine": "paddle fp32, random weights", **costs}


if __name__ == "__main__":
    cli.run(main, Options)
