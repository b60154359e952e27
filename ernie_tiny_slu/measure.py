# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What each stage costs and gains: scores, speed, memory and size, per engine, into one summary.json."""

import datetime
import random
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import bench, cli, files, report, runtime
from common.bundle import Bundle, file_bytes, read_bundle
from common.cli import UserError, did_you_mean
from common.summary import STAGES

import alternatives
import measure_jobs
from utils import read_examples

TASK = "joint_intent_slot"
SHUFFLE_SEED = 2018  # the sentences that are timed are the same ones in every run


@dataclass
class Options:
    """Measure bundles: scores on the whole test file, and per engine speed, memory and parity. Prints the ledger."""

    stages: tuple[str, ...]
    """STAGE=FOLDER of each stage's bundle, in order: original=… vocabulary=… width=… int8=… embedding=…"""
    crf_stages: tuple[str, ...] = ()
    """The same of a chain that was trained with a CRF; scored only."""
    test_path: Path = Path("data/test.txt")
    """Labelled sentences that nothing was chosen on."""
    train_path: Path = Path("data/train.txt")
    """What was trained on; queries that are not in it count as unseen."""
    engines: tuple[str, ...] = tuple(runtime.ALLOWED)
    """Which engines are timed."""
    latency_sentences: int = 200
    """How many of the test sentences are timed, drawn by a fixed seed."""
    repeats: int = 3
    """Timed passes over these sentences in each child process."""
    rounds: int = 2
    """Times that the whole set of child processes is run; the quieter one counts."""
    threads: int = 1
    """CPU threads of an engine."""
    workers: int = 1
    """Child processes at a time; more than one disturb each other."""
    seeds: tuple[int, ...] = ()
    """Seeds of the training runs, for the record."""
    split: str = "test"
    """Name of the data that was scored, for the record."""
    command: str | None = None
    """What was typed to get here, for the record; this program's own words if not given."""
    alternatives: bool = False
    """Measure also what a user would take instead from the original's weights."""
    calibration_path: Path | None = None
    """Training sentences for NNCF; --train_path if not given."""
    work_dir: Path = Path("output/alternatives")
    """Where the alternatives' models are made."""
    output: Path = Path("output/summary.json")
    """The file to write."""

    def __post_init__(self):
        for name in ("latency_sentences", "repeats", "rounds", "threads", "workers"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        for engine in self.engines:
            if engine not in runtime.ALLOWED:
                known = ", ".join(runtime.ALLOWED)
                raise UserError(f"--engines: `{engine}`{did_you_mean(engine, runtime.ALLOWED)}; there are {known}")


def main(options: Options) -> None:
    stages = read_stages(options.stages, "--stages")
    crf_stages = read_stages(options.crf_stages, "--crf_stages")
    if not stages or next(iter(stages)) != STAGES[0]:
        raise UserError(f"--stages: the original comes first: --stages {STAGES[0]}=FOLDER …")
    texts = sentences_to_time(options, stages["original"])
    runner = measure_jobs.Runner(options.threads, options.workers)
    others = {}
    if options.alternatives:
        calibration = options.calibration_path or options.train_path
        others = alternatives.make(stages["original"], calibration.resolve(), options.work_dir.resolve(), runner.child)

    data = {"test_path": str(options.test_path.resolve()), "train_path": str(options.train_path.resolve())}
    timing = {"texts": texts, "repeats": options.repeats, "threads": options.threads}
    scores = runner.once(measure_jobs.score_jobs(stages, crf_stages, data))
    jobs = measure_jobs.alternative_jobs(stages["original"], others, timing, data) if options.alternatives else []
    jobs += [job for bundle in stages.items() for job in measure_jobs.engine_jobs(*bundle, options.engines, timing)]
    measured = runner.rounds(jobs, options.rounds)

    summary = {
        "app": "ernie_tiny_slu",
        "machine": bench.machine(),
        "date": datetime.date.today().isoformat(),
        "commit": files.git_commit(),
        "command": options.command or shlex.join(["python", "measure.py", *sys.argv[1:]]),
        "split": options.split,
        "seeds": list(options.seeds),
        "stages": [stage_entry(name, bundle, options.engines, scores, measured) for name, bundle in stages.items()],
        "alternatives": alternative_entries(stages["original"], others, measured) if options.alternatives else [],
        "conditions": {
            **{name: getattr(options, name) for name in ("threads", "workers", "repeats", "rounds")},
            "latency_sentences": len(texts),
            **{name: scores["original", "accuracy"][name] for name in ("queries", "unseen_queries")},
        },
    }
    files.write_json(options.output, report.check_summary(summary, str(options.output)))
    print(report.ledger_text(summary))


def read_stages(words: tuple[str, ...], flag: str) -> dict[str, Bundle]:
    """`original=FOLDER …` as checked bundles.

    Raises:
        UserError: not of this form, an unknown stage, one twice or out of order, or a bundle of another stage.
    """
    stages: dict[str, Bundle] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if not equals or not folder:
            raise UserError(f"{flag}: `{word}` is not STAGE=FOLDER; write for example original=output/original/bundle")
        if name not in STAGES:
            raise UserError(f"{flag}: `{name}`{did_you_mean(name, STAGES)} is no stage; there are {', '.join(STAGES)}")
        if any(STAGES.index(before) >= STAGES.index(name) for before in stages):
            raise UserError(
                f"{flag}: {name} after {list(stages)[-1]}; give each once, in the order {', '.join(STAGES)}"
            )
        bundle = read_bundle(Path(folder).resolve(), task=TASK)
        if bundle.stage != name:
            raise UserError(f"{flag}: {folder} was exported as the stage `{bundle.stage}`, not as `{name}`")
        stages[name] = bundle
    return stages


def sentences_to_time(options: Options, bundle: Bundle) -> list[str]:
    files.require(options.train_path, "training file")
    texts = [
        example.text for example in read_examples(options.test_path, bundle.labels["intent"], bundle.labels["slot"])
    ]
    random.Random(SHUFFLE_SEED).shuffle(texts)
    return texts[: options.latency_sentences]


def stage_entry(name: str, bundle: Bundle, engines: tuple[str, ...], scores: dict, measured: dict) -> dict[str, Any]:
    listed = bundle.manifest["files"]
    return {
        "stage": name,
        "size_bytes": file_bytes(bundle, "onnxruntime"),  # what the default engine opens
        "files": {file: listed[file]["bytes"] for file in measure_jobs.MODEL_FILES if file in listed},
        "metrics": stage_metrics({kind: found for (stage, kind), found in scores.items() if stage == name}),
        "engines": [engine_entry(name, bundle, engine, measured) for engine in engines],
    }


def stage_metrics(scores: dict[str, dict]) -> dict[str, float | None]:
    """From "accuracy", "accuracy_argmax" and perhaps "accuracy_crf" as of `measure_child.scores`, in a fixed order."""

    def unseen(kind: str) -> float | None:
        return (scores[kind]["unseen"] or {}).get("accuracy")

    bio = scores["accuracy"]
    metrics = {"accuracy": bio["all"]["accuracy"], "accuracy_unseen": unseen("accuracy")}
    metrics["accuracy_argmax"] = scores["accuracy_argmax"]["all"]["accuracy"]
    if "accuracy_crf" in scores:
        metrics["accuracy_crf"] = scores["accuracy_crf"]["all"]["accuracy"]
        metrics["accuracy_crf_unseen"] = unseen("accuracy_crf")
    return {**metrics, **{kind: bio["all"][kind] for kind in ("intent_accuracy", "slot_f1")}}


def engine_entry(name: str, bundle: Bundle, engine: str, measured: dict) -> dict[str, Any]:
    """One engine at one stage: the gate's verdict out of the manifest and what was measured."""
    entry: dict[str, Any] = {"engine": engine, "precision": bundle.precision}
    reason = measure_jobs.refused(bundle, engine)
    if reason:
        return {**entry, "parity": {"refused": reason}}
    gate = bundle.engine(engine)
    entry["parity"] = {key: gate[key] for key in ("passed", "max_abs_diff", "agreement") if key in gate}
    found = measured.get((name, engine))
    if found is None:  # the gate did not pass, so nobody is to take it
        return entry
    if "failed" in found:
        return {**entry, "parity": {"refused": found["failed"]}}
    lean = measured.get((name, engine, "lean"))
    if lean is None:
        return {**entry, **found}
    entry.update(found, peak_rss_mb=lean.get("peak_rss_mb"), peak_rss_paddlenlp_mb=found["peak_rss_mb"])
    return {**entry, "note": measure_jobs.BASELINE_NOTE}


def alternative_entries(original: Bundle, others: dict[str, dict], measured: dict) -> list[dict[str, Any]]:
    unpadded = {"size_bytes": file_bytes(original, "paddle")}
    entries = []
    for name, made in {alternatives.UNPADDED: unpadded, **others}.items():
        found = measured[name]
        scores = found.pop("scores")["all"]
        metrics = {kind: scores[kind] for kind in ("accuracy", "intent_accuracy", "slot_f1")}
        sizes = {key: made[key] for key in ("size_bytes", "int8_nodes") if key in made}
        entries.append({"name": name, **sizes, "metrics": metrics, **found})
    return entries


if __name__ == "__main__":
    cli.run(main, Options)
