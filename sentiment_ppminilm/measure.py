# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What INT8 and a narrower model cost and gain: scores on the test file, and per engine speed, memory and parity."""

import datetime
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import bench, cli, files, report, runtime
from common.bundle import Bundle, file_bytes, read_bundle
from common.cli import UserError, did_you_mean
from common.summary import STAGES

import measure_jobs
from aspect import TASK

METRICS = ("f1", "f1_0", "f1_1", "macro_f1", "accuracy", "recall")
REFERENCE = "SKEP-large"


@dataclass
class Options:
    """Measure bundles of one trained model against each other. Prints the ledger."""

    stages: tuple[str, ...]
    """STAGE=FOLDER of each stage's bundle: original=… int8=… width=… width_int8=…"""
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
    rounds: int = 2
    """Times that the timing processes are run; the quieter one counts."""
    threads: int = 1
    """CPU threads of an engine."""
    workers: int = 2
    """Scoring processes at a time; timing runs alone."""
    reference: bool = False
    """Time also a model of SKEP-large's shape with random weights."""
    reference_dir: Path = Path("checkpoints/reference")
    """Where that model is made."""
    split: str = "test"
    """Name of the data that was scored, for the record."""
    seeds: tuple[int, ...] = ()
    """Seeds of the training runs, for the record."""
    command: str | None = None
    """What was typed to get here, for the record; this program's own words if not given."""
    output: Path = Path("checkpoints/summary.json")
    """The file to write."""

    def __post_init__(self):
        for name in ("batch_size", "repeats", "rounds", "threads", "workers"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        for engine in self.engines:
            if engine not in runtime.ALLOWED:
                near = did_you_mean(engine, runtime.ALLOWED)
                raise UserError(f"--engines: `{engine}`{near}; there are {', '.join(runtime.ALLOWED)}")


def main(options: Options) -> None:
    stages = read_stages(options.stages)
    files.require(options.test_path, "test file (--test_path)")
    runner = measure_jobs.Runner(options.threads)
    test_path = str(options.test_path.resolve())
    scores = runner.scores(stages, options.engines, test_path, options.batch_size, options.workers)
    timing = {"test_path": test_path, "threads": options.threads, "repeats": options.repeats}
    timing |= {"batch_size": options.batch_size, "length": options.length}
    times = runner.times(stages, options.engines, timing, options.rounds)
    reference = runner.reference(options.reference_dir.resolve(), timing) if options.reference else None
    summary = {
        "app": "sentiment_ppminilm",
        "machine": bench.machine(),
        "date": datetime.date.today().isoformat(),
        "commit": files.git_commit(),
        "command": options.command or shlex.join(["python", "measure.py", *sys.argv[1:]]),
        "split": options.split,
        "seeds": list(options.seeds),
        **({"reference": {"name": REFERENCE, "latency_ms": reference["latency_ms"]}} if reference else {}),
        "stages": [stage_entry(name, bundle, options.engines, scores, times) for name, bundle in stages.items()],
        "alternatives": [alternative(reference)] if reference else [],
        "conditions": {
            name: getattr(options, name) for name in ("batch_size", "length", "threads", "repeats", "rounds")
        },
    }
    files.write_json(options.output, report.check_summary(summary, str(options.output)))
    print(report.ledger_text(summary))


def read_stages(words: tuple[str, ...]) -> dict[str, Bundle]:
    """`original=FOLDER …` as checked bundles.

    Raises:
        UserError: not of this form, an unknown stage or one twice, no original in front, or nothing to compare.
    """
    stages: dict[str, Bundle] = {}
    for word in words:
        name, _, folder = word.partition("=")
        if not folder:
            raise UserError(f"--stages: `{word}` is not STAGE=FOLDER; write original=checkpoints/…/static/bundle …")
        if name not in STAGES or name in stages:
            near = did_you_mean(name, STAGES)
            raise UserError(f"--stages: `{name}`{near} is unknown or stands twice; there are {', '.join(STAGES)}")
        stages[name] = read_bundle(Path(folder).resolve(), task=TASK)
    if next(iter(stages), None) != STAGES[0]:
        raise UserError(f"--stages: the original comes first: --stages {STAGES[0]}=FOLDER …")
    return stages


def stage_entry(name: str, bundle: Bundle, engines: tuple[str, ...], scores: dict, times: dict) -> dict[str, Any]:
    main_scores = scores[name, "onnxruntime" if "onnxruntime" in engines else engines[0]]["scores"]
    metrics = {key: main_scores[key] for key in METRICS if key in main_scores}
    return {
        "stage": name,
        "size_bytes": file_bytes(bundle, "onnxruntime"),  # what the default engine opens
        "metrics": metrics | {"f1_dev": bundle.manifest["metrics"].get("f1")},
        "engines": [engine_entry(name, bundle, engine, scores, times) for engine in engines],
    }


def engine_entry(name: str, bundle: Bundle, engine: str, scores: dict, times: dict) -> dict[str, Any]:
    """One engine at one stage: the gate's verdict, its scores and decisions on the test file, its times."""
    entry: dict[str, Any] = {"engine": engine, "precision": bundle.precision}
    found = scores[name, engine]
    if "failed" in found:
        return {**entry, "parity": {"refused": found["failed"]}}
    gate = bundle.engine(engine)
    verdict = {key: gate[key] for key in ("passed", "max_abs_diff") if key in gate}
    verdict |= {"agreement": found["agreement"], "gate_agreement": gate.get("agreement")}
    timed = times[name, engine]
    return {
        **entry,
        "parity": verdict,
        "f1": found["scores"]["f1"],
        "file_bytes": file_bytes(bundle, engine),
        **{key: timed[key] for key in ("latency_ms", "batch_1_ms", "end_to_end_ms", "peak_rss_mb", "same_answers")},
    }


def alternative(reference: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "SKEP-large's shape, FP32, Paddle Inference (random weights: for its time only)",
        "metrics": {},
        **{key: reference[key] for key in ("size_bytes", "end_to_end_ms", "latency_ms", "batch_1_ms", "peak_rss_mb")},
    }


if __name__ == "__main__":
    cli.run(main, Options)
