# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What each width (and INT8) costs and gains: entity scores on the test file, and per engine speed, memory, parity."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import cli, files
from common.bundle.bundle import Bundle
from common.measure import compare, entries, stages
from common.measure.compare import Answers
from common.measure.options import MeasureOptions
from common.measure.runner import Runner
from common.report.publish import publish

from ner.predictor import TASK

from bench import tables

APP = Path(__file__).resolve().parents[1]
ORDER = ("original", "width", "width_int8")
METRICS = {"f1": "f1", "precision": "precision_score", "recall": "recall", "f1_strict": "f1_strict", "f1_bio": "f1_bio"}


@dataclass
class Options(MeasureOptions):
    """Measure bundles of one training against each other. Prints the ledger."""

    stages: tuple[str, ...]
    """STAGE=FOLDER of each stage's bundle, in order: original=… width_0.8333=… width_0.5=… width_0.5_int8=…"""
    test_path: Path = Path("data/msra/test.txt")
    """Labelled text that nothing was chosen on."""
    engines: tuple[str, ...] = ("paddle", "onnxruntime", "openvino")
    """Which engines are scored and timed."""
    batch_size: int = 16
    """Windows per call."""
    length: int = 128
    """Tokens per window where the model alone is timed; not more than the bundles take."""
    characters: int = 10451
    """Characters of test text that are read from end to end; the document's number."""
    repeats: int = 3
    """Timed calls of the model; the characters are read as often."""
    workers: int = 2
    """Scoring processes at a time; timing runs alone."""
    scores: bool = True
    """False: times only, for models with random weights."""
    ablation: tuple[str, ...] = ()
    """NAME=FOLDER of each short run's scores, for the table of what distillation and reordering are good for."""
    app: str = "msra_ner_ofa"
    """Name of what was measured, for the tables."""
    output: Path = Path("checkpoints/summary.json")
    """The file to write."""

    def __post_init__(self):
        super().__post_init__()
        self.check_positive("batch_size", "length", "characters")


def main(options: Options) -> None:
    bundles = stages.read_stages(options.stages, "--stages", TASK, ORDER)
    stages.require_original(bundles, "--stages")
    files.require(options.test_path, "test file (--test_path)")
    test_path = str(options.test_path.resolve())
    scores, main_scores = {}, {name: {} for name in bundles}
    if options.scores:
        more = {"test_path": test_path, "batch_size": options.batch_size}
        jobs = compare.jobs("score", bundles, options.engines, more)
        scores = Runner(APP, options.threads, options.workers).once(jobs)
    main_scores = {
        name: compare.main_scores(name, scores, options.engines) if options.scores else {} for name in bundles
    }
    compare.add_agreement(scores, options.engines, agreement)
    names = ("threads", "repeats", "batch_size", "length", "characters")
    timing = {"test_path": test_path, **{name: getattr(options, name) for name in names}}
    jobs = compare.jobs("serve", bundles, options.engines, timing, scores)
    times = Runner(APP, options.threads, 1).rounds(jobs, options.rounds)
    measured = [
        {
            "stage": name,
            **entries.sizes(bundle),
            "parameters": bundle.manifest["parameters"],
            "metrics": metrics(bundle, main_scores[name]),
            "engines": [entry_of(name, bundle, engine, scores, times) for engine in options.engines],
        }
        for name, bundle in bundles.items()
    ]
    further = {"characters": tables.of_characters(measured)}
    if options.ablation:
        further["ablation"] = tables.ablation(options.ablation)
    summary = {
        **entries.summary_head(options.app, options),
        "stages": measured,
        "tables": further,
        "alternatives": [],
        "conditions": {name: getattr(options, name) for name in (*names, "rounds")},
    }
    publish(summary, options.output)


def metrics(bundle: Bundle, scores: dict[str, float]) -> dict[str, float | None]:
    """Scores under the reports' names, and F1 on the development set where all of it was scored; or nothing."""
    if not scores:
        return {}
    kinds = {name: value for name, value in scores.items() if name.startswith("f1_") and name[3:].isupper()}
    named = {name: scores[key] for key, name in METRICS.items()}
    on_dev = bundle.manifest["metrics"]
    return named | kinds | ({"f1_dev": on_dev.get("f1")} if on_dev.get("split") == "dev" else {})


def entry_of(name: str, bundle: Bundle, engine: str, scores: Answers, times: Answers) -> dict[str, Any]:
    """One engine at one stage: as `entries.scored_entry`, with its scores and decisions on the test file."""
    entry, scored = entries.scored_entry(name, bundle, engine, scores, times), scores.get((name, engine))
    if "file_bytes" not in entry or not scored:
        return entry
    return {**entry, "f1": scored["scores"]["all"]["f1"], "sentence_agreement": scored.get("sentence_agreement")}


def agreement(expected: Sequence[str], given: Sequence[str]) -> dict[str, float]:
    """Which share of the characters ("agreement") and of the sentences ("sentence_agreement") has the same tags."""
    sentences = compare.agreement(expected, given)["agreement"]
    flat = [[tag for sentence in tags for tag in sentence] for tags in (expected, given)]
    return compare.agreement(*flat) | {"sentence_agreement": sentences}


if __name__ == "__main__":
    cli.run(main, Options)
