# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What exported models cost and keep: scores on a test text or on images, and per engine speed and memory.

    python -m bench.measure -c configs/small/sample.yaml --stages original=output/dense/exported \\
        int8=output/qat/exported --eval_path data/sample/test.txt --output output/summary.json

Every model and engine has a process of its own, through the same code that tools/inference.py runs.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from common import cli
from common.bundle.stage_names import STAGES, width_of
from common.cli import UserError
from common.measure import entries
from common.measure.options import MeasureOptions
from common.measure.runner import Job, Runner
from common.report.publish import publish
from common.report.summary import best_engine

import tyro
from fleetx.serve import engines

APP = Path(__file__).resolve().parents[1]


@dataclass(kw_only=True)
class Options(MeasureOptions):
    """Measure exported models of one task against each other. Prints the ledger."""

    config: Annotated[Path, tyro.conf.arg(aliases=["-c"])]
    """YAML file, of which Offline_Eval and Generation are used."""
    stages: tuple[str, ...]
    """STAGE=FOLDER of each exported model: original=… int8=… width_0.875=… width_0.75_int8=…"""
    alternatives: tuple[str, ...] = ()
    """NAME=FOLDER of exported models that were not made of the original, such as a smaller one."""
    eval_path: Path
    """Text, or .npz of images, that is scored."""
    engines: tuple[str, ...] = ("paddle", "onnxruntime")
    """Which engines are scored and timed."""
    app: str = "fleetx_gpt"
    """Name of the summary."""

    def __post_init__(self):
        super().__post_init__()
        for name in self.engines:
            engines.check_name(name)


def main(options: Options) -> None:
    from fleetx.serve import export

    folders = named(options.stages, "--stages")
    if next(iter(folders), None) != STAGES[0]:
        raise UserError(f"--stages: the original comes first: --stages {STAGES[0]}=FOLDER …")
    for name in folders:
        if name not in STAGES and width_of(name) is None:
            raise UserError(
                f"--stages: `{name}` is none of {', '.join(STAGES)} or of the form width_0.75, width_0.75_int8"
            )
    others = named(options.alternatives, "--alternatives")
    manifests = {name: export.read(folder) for name, folder in (folders | others).items()}
    found = measured(folders | others, manifests, options)
    rows = {name: entry(name, manifest, found, options.engines) for name, manifest in manifests.items()}
    summary = {
        **entries.summary_head(options.app, options),
        "stages": [{"stage": name, **rows[name]} for name in folders],
        "alternatives": [alternative(name, rows[name]) for name in others],
        "conditions": {"threads": options.threads, "repeats": options.repeats, "rounds": options.rounds},
    }
    publish(summary, options.output)


def named(words: tuple[str, ...], flag: str) -> dict[str, Path]:
    """`NAME=FOLDER …`. Raises `UserError` for another form or a name twice."""
    folders: dict[str, Path] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if not (name and equals and folder):
            raise UserError(f"{flag}: `{word}` is not NAME=FOLDER")
        if name in folders:
            raise UserError(f"{flag}: {name} is there twice")
        folders[name] = Path(folder).resolve()
    return folders


def measured(folders: dict[str, Path], manifests: dict[str, dict], options: Options) -> dict[tuple[str, str], dict]:
    """(name, engine) → a child's scores, times and memory, of the engines that each model was exported for."""
    shared = {"config": str(options.config.resolve()), "eval_path": str(options.eval_path.resolve())}
    pairs = [(name, engine) for name in folders for engine in options.engines if engine in manifests[name]["engines"]]

    def jobs(action: str, **more: Any) -> list[Job]:
        every = {"action": action, **shared, **more}
        own = {key: {"folder": str(folders[key[0]]), "engine": key[1]} for key in pairs}
        return [Job(key, "bench.child", {**every, **own[key]}) for key in pairs]

    scored = Runner(APP, options.threads, options.workers).once(jobs("score"))
    timed = Runner(APP, options.threads, 1).rounds(jobs("serve", repeats=options.repeats), options.rounds)
    return {key: {**scored[key], **timed[key]} for key in pairs}


def entry(name: str, manifest: dict, found: dict[tuple[str, str], dict], wanted: tuple[str, ...]) -> dict[str, Any]:
    """A stage's part of the summary but for its name."""
    rows = []
    for engine in wanted:
        gate = manifest["engines"].get(engine)
        row = {"engine": engine, "precision": manifest["precision"]}
        if gate is None:
            rows.append({**row, "parity": {"refused": "it was not exported for this engine"}})
            continue
        answer = found[name, engine]
        parity = {"passed": True, "max_abs_diff": gate["difference"], "agreement": gate["agreement"]}
        times = {key: answer[key] for key in ("latency_ms", "end_to_end_ms", "peak_rss_mb")}
        size = file_bytes(manifest, engine)
        rows.append({**row, "parity": parity, **times, "file_bytes": size, "scores": answer["scores"]["all"]})
    best = next(row for row in reversed(rows) if "scores" in row)  # ONNX Runtime's where it is there
    return {
        "size_bytes": best["file_bytes"],
        "parameters": manifest["parameters"],
        "metrics": {"accuracy": best["scores"]["accuracy"]},
        "engines": rows,
    }


def file_bytes(manifest: dict, engine: str) -> int:
    """Of what an engine opens."""
    wanted = (engines.ONNX,) if engine == "onnxruntime" else (engines.PROGRAM, "model.pdiparams")
    return sum(manifest["files"][name]["bytes"] for name in wanted)


def alternative(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """What a summary tells of a model that is no stage."""
    best = best_engine({"engines": row["engines"]})
    costs = {key: best[key] for key in ("end_to_end_ms", "peak_rss_mb")}
    return {"name": name, **{key: row[key] for key in ("size_bytes", "metrics", "parameters")}, **costs}


if __name__ == "__main__":
    cli.run(main, Options)
