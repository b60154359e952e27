# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What each width costs and keeps: scores on the dev set, and per engine speed, memory and parity. Writes a summary."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from common import cli
from common.bundle.bundle import Bundle, read_bundle
from common.cli import UserError
from common.measure import compare, entries, stages
from common.measure.compare import Answers
from common.measure.options import MeasureOptions
from common.measure.runner import Runner
from common.report.publish import publish
from common.report.summary import median

from glue import tasks
from glue.predictor import check_bundle, task_name

APP = Path(__file__).resolve().parents[1]


@dataclass
class Options(MeasureOptions):
    """Measure bundles of one task against each other. Prints the ledger."""

    stages: tuple[str, ...]
    """STAGE=FOLDER of each stage's bundle, in order: original=… width_0.8333=… width_0.5=… width_0.5_int8=…"""
    data_dir: Path | None = None
    """Data whose dev set is scored; without it nothing is scored, only timed on made-up texts."""
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
    app: str = "glue_ofa"
    """Name of the summary."""
    baseline: str = "paddle"
    """Engine of the original that speed and memory are compared with."""
    output: Path = Path("output/summary.json")
    """The file to write."""

    def __post_init__(self):
        super().__post_init__()
        self.check_positive("batch_size", "length")


def main(options: Options) -> None:
    task = task_of(options.stages)
    bundles = stages.read_stages(options.stages, "--stages", task_name(task))
    stages.require_original(bundles, "--stages")
    scoring = Runner(APP, options.threads, options.workers)
    scores = scores_of(bundles, task, options.data_dir, options.engines, scoring, options.batch_size)
    timing = {name: getattr(options, name) for name in ("threads", "repeats", "batch_size", "length")}
    data_dir = {"data_dir": str(options.data_dir.resolve()) if options.data_dir else None}
    jobs = compare.jobs("serve", bundles, options.engines, timing | data_dir, scores)
    times = Runner(APP, options.threads, 1).rounds(jobs, options.rounds)
    measured = [
        {
            "stage": name,
            **entries.sizes(bundle),
            "parameters": bundle.manifest.get("parameters"),
            "metrics": compare.main_scores(name, scores, options.engines) if scores else {},
            "engines": [entries.scored_entry(name, bundle, engine, scores, times) for engine in options.engines],
        }
        for name, bundle in bundles.items()
    ]
    summary = {
        **entries.summary_head(options.app, options),
        "baseline_engine": options.baseline,
        "stages": measured,
        "conditions": {
            name: getattr(options, name) for name in ("batch_size", "length", "threads", "repeats", "rounds")
        },
        "tables": {"speed": speed(measured, options.engines)},
    }
    publish(summary, options.output)


def speed(rows: list[dict[str, Any]], engines: tuple[str, ...]) -> dict[str, Any]:
    """A table of parameters and of the model's time on each engine, with how many times as fast it is as the original.

    Compared on the same engine, and INT8 with the original's FP32: what a user gains who stays with an engine.
    """
    found = [{each["engine"]: median(each, "latency_ms") for each in stage["engines"]} for stage in rows]
    cells = []
    for stage, times in zip(rows, found, strict=True):
        count = stage["parameters"]
        cells.append([stage["stage"], "–" if count is None else f"{count / 1e6:.1f}"])
        for engine in engines:
            before, now = found[0].get(engine), times.get(engine)
            cells[-1].append("–" if not before or not now else f"{now:.1f} ({before / now:.2f} ×)")
    return {"head": ["stage", "parameters", *(f"{engine} ms" for engine in engines)], "rows": cells}


def task_of(words: tuple[str, ...]) -> tasks.Task:
    """The task of the first stage's bundle; all others must be of it.

    Raises:
        UserError: none of this app.
    """
    folder = words[0].partition("=")[2] if words else ""
    if not folder:
        raise UserError("--stages: write original=FOLDER first, then the widths")
    return check_bundle(read_bundle(Path(folder).resolve()))[1]


def scores_of(
    bundles: dict[str, Bundle],
    task: tasks.Task,
    data_dir: Path | None,
    engines: Sequence[str],
    runner: Runner,
    batch_size: int,
) -> Answers:
    """Every stage on every engine whose gate passed, with its agreement; nothing where there are no data."""
    if data_dir is None:
        return {}
    arguments = {"data_dir": str(data_dir.resolve()), "batch_size": batch_size}
    found = runner.once(compare.jobs("score", bundles, engines, arguments))
    compare.add_agreement(found, engines, partial(agreement, task))
    return found


def agreement(task: tasks.Task, expected: Sequence[float | str], given: Sequence[float | str]) -> dict[str, float]:
    """The share of decisions that are the same; those of a regression are compared as whole numbers."""
    if task.regression:
        expected, given = [round(one) for one in expected], [round(one) for one in given]
    return compare.agreement(expected, given)


if __name__ == "__main__":
    cli.run(main, Options)
