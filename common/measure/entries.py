# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The entries of a summary.json that come out of bundles and of what was measured of them.

They are dicts with the keys that common/report/summary.py describes: here they are made, there they are checked.
"""

import datetime
import shlex
import sys
from collections.abc import Sequence
from typing import Any

from common import files, machine
from common.bundle.bundle import Bundle, file_bytes
from common.engines import allowed, runtime
from common.measure.options import MeasureOptions

MODEL_FILES = ("model.pdiparams", "model.pdmodel", "model.onnx", "model.arm.nb", "model.x86.nb")


def summary_head(app: str, options: MeasureOptions) -> dict[str, Any]:
    """The first keys of a summary: what was measured, where, when and how."""
    return {
        "app": app,
        "machine": machine.describe(),
        "date": datetime.date.today().isoformat(),
        "commit": files.git_commit(),
        "command": options.command or shlex.join(["python", "measure.py", *sys.argv[1:]]),
        "split": options.split,
        "seeds": list(options.seeds),
    }


def sizes(bundle: Bundle) -> dict[str, Any]:
    """ "size_bytes" (of what the default engine opens) and "files" (bytes of each file that an engine may open)."""
    listed = bundle.manifest["files"]
    return {
        "size_bytes": file_bytes(bundle, "onnxruntime"),
        "files": {file: listed[file]["bytes"] for file in MODEL_FILES if file in listed},
    }


def refused(bundle: Bundle, engine: str) -> str | None:
    """Why an engine is not measured on a bundle at all: the allow-list forbids it, or its gate was not run."""
    reason = allowed.ALLOWED[engine].get(bundle.precision) or runtime.available(engine)
    if reason:
        return reason
    if bundle.engine(engine) is None:
        return "its parity gate did not run when the bundle was exported; export again to see why"
    return None


def timed_engines(bundle: Bundle, engines: Sequence[str]) -> list[str]:
    """Those that are not refused and whose parity gate passed."""
    return [engine for engine in engines if not refused(bundle, engine) and bundle.engine(engine)["passed"]]


def engine_entry(bundle: Bundle, engine: str, answer: dict[str, Any] | None) -> dict[str, Any]:
    """One engine at one stage: the verdict of its parity gate out of the manifest, and what was measured.

    Args:
        answer: as `runner.best` gives it; None where the gate did not pass, so that nobody takes the engine.
    """
    entry: dict[str, Any] = {"engine": engine, "precision": bundle.precision}
    reason = refused(bundle, engine)
    if reason:
        return {**entry, "parity": {"refused": reason}}
    gate = bundle.engine(engine)
    entry["parity"] = {key: gate[key] for key in ("passed", "max_abs_diff", "agreement") if key in gate}
    if answer and "failed" in answer:
        return {**entry, "parity": {"refused": answer["failed"]}}
    return {**entry, **(answer or {})}


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
    answer = scored if "failed" in scored else times.get((stage, engine))
    entry = engine_entry(bundle, engine, answer)
    if answer is None or "failed" in answer:
        return entry
    if scored:
        gate = entry["parity"]
        entry["parity"] = {**gate, "agreement": scored.get("agreement"), "gate_agreement": gate.get("agreement")}
    return {**entry, "file_bytes": file_bytes(bundle, engine)}


def alternative_entry(name: str, made: dict[str, Any], answer: dict[str, Any], metrics: Sequence[str]) -> dict:
    """Something that a user would serve in place of our stages.

    Args:
        made: as `onnx_baselines.alternatives` gives it; "size_bytes" and perhaps "int8_nodes" go into the entry.
        answer: as `runner.best` gives it; its "scores" hold all `metrics` in "all".
        metrics: names of the scores that go into the entry.
    """
    costs = {key: value for key, value in answer.items() if key != "scores"}
    counted = {key: made[key] for key in ("size_bytes", "int8_nodes") if key in made}
    scores = {kind: answer["scores"]["all"][kind] for kind in metrics}
    return {"name": name, **counted, "metrics": scores, **costs}
