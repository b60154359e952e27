# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A benchmark's stages: the options that all apps' measure.py share, the bundles, and the entries of summary.json."""

import datetime
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import files
from common.bundle.bundle import Bundle, file_bytes, read_bundle
from common.cli import UserError, did_you_mean
from common.engines import allowed, runtime
from common.measure import bench
from common.report import page
from common.report.summary import STAGES, width_of

MODEL_FILES = ("model.pdiparams", "model.pdmodel", "model.onnx", "model.arm.nb", "model.x86.nb")


@dataclass
class MeasureOptions:
    """What every app's measure.py takes."""

    stages: tuple[str, ...]
    """STAGE=FOLDER of each stage's bundle, in order: original=… vocabulary=… width=… int8=… embedding=…"""
    engines: tuple[str, ...] = tuple(allowed.ALLOWED)
    """Which engines are timed."""
    repeats: int = 3
    """Timed passes over the same inputs in each child process."""
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
    output: Path = Path("output/summary.json")
    """The file to write."""

    def __post_init__(self):
        self.check_positive("repeats", "rounds", "threads", "workers")
        for engine in self.engines:
            if engine not in allowed.ALLOWED:
                known = ", ".join(allowed.ALLOWED)
                raise UserError(f"--engines: `{engine}`{did_you_mean(engine, allowed.ALLOWED)}; there are {known}")

    def check_positive(self, *names: str) -> None:
        for name in names:
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")


def read_stages(words: Sequence[str], flag: str, task: str, order: Sequence[str] = STAGES) -> dict[str, Bundle]:
    """`original=FOLDER …` as checked bundles of the task.

    Args:
        order: the app's stages, as they are made one after the other. `width` (and `width_int8`) in it stands also for
            any `width_0.6667`, the widest first.

    Raises:
        UserError: not of this form, an unknown stage, one twice or out of order, or a bundle of another stage.
    """
    stages: dict[str, Bundle] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if not equals or not folder:
            raise UserError(f"{flag}: `{word}` is not STAGE=FOLDER; write for example original=output/original/bundle")
        place = rank(name, order)
        if place is None:
            raise UserError(f"{flag}: `{name}`{did_you_mean(name, order)} is no stage; there are {', '.join(order)}")
        if any(rank(before, order) >= place for before in stages):
            raise UserError(f"{flag}: {name} after {list(stages)[-1]}; give each once, in the order {', '.join(order)}")
        bundle = read_bundle(Path(folder).resolve(), task=task)
        if bundle.stage != name:
            raise UserError(f"{flag}: {folder} was exported as the stage `{bundle.stage}`, not as `{name}`")
        stages[name] = bundle
    return stages


def rank(name: str, order: Sequence[str]) -> tuple[int, float] | None:
    """Where a stage stands in an app's order: less is earlier. None for a stage that it does not have."""
    if name in order:
        return order.index(name), 0.0
    width = width_of(name)
    kind = None if width is None else "width_int8" if width[1] else "width"
    return (order.index(kind), -width[0]) if kind in order else None


def require_original(stages: dict[str, Bundle], flag: str) -> Bundle:
    if not stages or next(iter(stages)) != STAGES[0]:
        raise UserError(f"{flag}: the original comes first: {flag} {STAGES[0]}=FOLDER …")
    return stages[STAGES[0]]


def refused(bundle: Bundle, engine: str) -> str | None:
    """Why an engine is not measured on a bundle at all: the allow-list forbids it, or its gate was not run."""
    reason = allowed.ALLOWED[engine].get(bundle.precision) or runtime.available(engine)
    if reason:
        return reason
    if bundle.engine(engine) is None:
        return "its parity gate did not run when the bundle was exported; export again to see why"
    return None


def timed_engines(bundle: Bundle, engines: Sequence[str]) -> list[str]:
    """Those that are not refused and whose gate passed."""
    return [engine for engine in engines if not refused(bundle, engine) and bundle.engine(engine)["passed"]]


def sizes(bundle: Bundle) -> dict[str, Any]:
    """ "size_bytes" (of what the default engine opens) and "files"."""
    listed = bundle.manifest["files"]
    return {
        "size_bytes": file_bytes(bundle, "onnxruntime"),
        "files": {file: listed[file]["bytes"] for file in MODEL_FILES if file in listed},
    }


def engine_entry(bundle: Bundle, engine: str, found: dict[str, Any] | None) -> dict[str, Any]:
    """One engine at one stage: the gate's verdict out of the manifest and what was measured.

    Args:
        found: as `measuring.best` gives it; None where the gate did not pass, so that nobody is to take it.
    """
    entry: dict[str, Any] = {"engine": engine, "precision": bundle.precision}
    reason = refused(bundle, engine)
    if reason:
        return {**entry, "parity": {"refused": reason}}
    gate = bundle.engine(engine)
    entry["parity"] = {key: gate[key] for key in ("passed", "max_abs_diff", "agreement") if key in gate}
    if found and "failed" in found:
        return {**entry, "parity": {"refused": found["failed"]}}
    return {**entry, **(found or {})}


def scored_entry(
    stage: str,
    bundle: Bundle,
    engine: str,
    scores: dict[tuple[str, str], dict[str, Any]],
    times: dict[tuple[str, str], dict[str, Any]],
) -> dict[str, Any]:
    """One engine at one stage whose decisions on a test set were compared with another stage's.

    Args:
        scores: (stage, engine) to the answer of a scoring child; empty where nothing was scored.
        times: the same of the timing children.

    Returns:
        As `engine_entry`, and "file_bytes". Where the stage was scored, "agreement" is that on the test set and the
        gate's own is "gate_agreement".
    """
    scored = scores.get((stage, engine), {})
    found = scored if "failed" in scored else times.get((stage, engine))
    entry = engine_entry(bundle, engine, found)
    if found is None or "failed" in found:
        return entry
    if scored:
        gate = entry["parity"]
        entry["parity"] = {**gate, "agreement": scored.get("agreement"), "gate_agreement": gate.get("agreement")}
    return {**entry, "file_bytes": file_bytes(bundle, engine)}


def alternative_entry(name: str, made: dict[str, Any], found: dict[str, Any], metrics: Sequence[str]) -> dict[str, Any]:
    """One alternative.

    Args:
        made: as of `onnx_quantize.alternatives`; "size_bytes" and perhaps "int8_nodes" go into the entry.
        found: as of `measuring.best`; its "scores" hold all `metrics` in "all".
    """
    costs = {key: value for key, value in found.items() if key != "scores"}
    counted = {key: made[key] for key in ("size_bytes", "int8_nodes") if key in made}
    scores = {kind: found["scores"]["all"][kind] for kind in metrics}
    return {"name": name, **counted, "metrics": scores, **costs}


def record(app: str, options: MeasureOptions) -> dict[str, Any]:
    """The head of a summary: what was measured, where, when and how."""
    return {
        "app": app,
        "machine": bench.machine(),
        "date": datetime.date.today().isoformat(),
        "commit": files.git_commit(),
        "command": options.command or shlex.join(["python", "measure.py", *sys.argv[1:]]),
        "split": options.split,
        "seeds": list(options.seeds),
    }


def publish(summary: dict[str, Any], path: Path) -> None:
    """Check the summary, write it, and print the ledger."""
    files.write_json(path, page.check_summary(summary, str(path)))
    print(page.ledger_text(summary))
