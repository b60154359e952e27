# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables of several trainings for a summary: every task at every width with the spread over seeds, and the ablation.

    python -m bench.collect --summary results/glue_ofa.json --runs checkpoints/benchmark

RUNS holds `<task>/<seed>/fine_tuned` and `<task>/<seed>/ofa`, of the ablation `ablation/<variant>/<seed>`, as
benchmark.sh writes them.
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from common import cli, files
from common.cli import UserError
from common.report.app_tables import AppTable, add_tables, read_summary, spread

from glue import metrics, tasks

# Folder to whether its training had distillation and reordering.
ABLATION = {
    "distill_reorder": ("on", "on"),
    "distill": ("on", "off"),
    "reorder": ("off", "on"),
    "neither": ("off", "off"),
}


@dataclass(kw_only=True)
class Options:
    """Put the tables `tasks` and `ablation` into a summary."""

    summary: Path
    """The file that bench/measure.py wrote; it is written anew."""
    runs: Path
    """Folder with the trainings."""


def main(options: Options) -> None:
    summary = read_summary(options.summary)
    tables = {"tasks": table_of_tasks(seeds_of(options.runs)), "ablation": ablation(options.runs / "ablation")}
    add_tables(options.summary, summary, tables)


def seeds_of(folder: Path) -> dict[str, list[Path]]:
    """Task to the folders of its seeds that are finished, in the document's order of tasks.

    Raises:
        UserError: none at all.
    """
    found = {name: sorted(p.parent.parent for p in (folder / name).glob("*/ofa/training.json")) for name in tasks.TASKS}
    found = {name: seeds for name, seeds in found.items() if seeds}
    if not found:
        raise UserError(f"--runs {folder}: no <task>/<seed>/ofa/training.json in it; run benchmark.sh")
    return found


def table_of_tasks(runs: dict[str, list[Path]]) -> AppTable:
    """A row per task and metric: mean over the seeds in percent, with the standard deviation where there are several.

    The last row is the mean of all rows above, as the target is set on it.
    """
    widths = list(dict.fromkeys(name for seeds in runs.values() for seed in seeds for name in widths_of(seed / "ofa")))
    rows, columns = [], {name: [] for name in ("original", *widths)}
    for task, seeds in runs.items():
        scores = [{"original": dev_of(seed / "fine_tuned"), **widths_of(seed / "ofa")} for seed in seeds]
        for metric in metrics.metric_names(tasks.TASKS[task], scores[0]["original"]):
            if metric == "score":
                continue
            cells = []
            for name in columns:
                values = [100 * each[name][metric] for each in scores if name in each]
                cells.append(spread(values))
                columns[name] += [mean(values)] if values else []
            rows.append([task, metric, str(len(seeds)), *cells])
    means = [f"{mean(values):.2f}" for values in columns.values()]
    return AppTable(["task", "metric", "seeds", *columns], [*rows, ["∅", "", "", *means]])


def ablation(folder: Path) -> AppTable:
    """A row per combination of distillation and reordering, the main score at each width."""
    rows, widths = [], []
    for variant, switches in ABLATION.items():
        scores = [widths_of(record.parent) for record in sorted((folder / variant).glob("*/training.json"))]
        if scores:
            widths = widths or list(scores[0])
            cells = (spread([100 * each[name]["score"] for each in scores]) for name in widths)
            rows.append([*switches, str(len(scores)), *cells])
    return AppTable(["distillation", "reordering", "seeds", *widths], rows)


def dev_of(folder: Path) -> dict[str, float]:
    """The reported scores of a fine-tuned model."""
    return files.read_json(files.require(folder / "training.json", "record of a training"))["dev"]


def widths_of(folder: Path) -> dict[str, dict[str, float]]:
    """The reported scores of each width."""
    record = files.read_json(files.require(folder / "training.json", "record of a training"))
    return {name: each["dev"] for name, each in record["widths"].items()}


if __name__ == "__main__":
    cli.run(main, Options)
