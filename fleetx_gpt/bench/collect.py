# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables of several runs for a summary: what each way of compressing keeps, and the criteria of pruning compared.

    python -m bench.collect --summary results/fleetx_gpt.json --runs checkpoints/benchmark

RUNS holds `<run>/scores.json` and perhaps `<run>/cloze.json` (tools/eval.py --output), of the criteria
`criteria/<criterion>/<plain or distilled>/<seed>/scores.json`, as benchmark.sh writes them.
"""

from dataclasses import dataclass
from pathlib import Path

from common import cli, files
from common.cli import UserError
from common.report.app_tables import AppTable, add_tables, read_summary, spread
from common.report.cells import NOTHING

# Run to the configuration behind it; its name in the tables stands in words.json. All are compared with the first.
METHODS = {
    "dense": "gpt.yaml",
    "continued": "gpt_continued.yaml",
    "qat": "gpt_qat.yaml",
    "pruned": "gpt_prune.yaml",
    "student": "gpt_student.yaml",
    "distilled": "gpt_distill.yaml",
    "joint": "gpt_joint.yaml",
}
STAGES = {"dense": "original", "qat": "int8", "pruned": "width_0.875", "joint": "width_0.75_int8"}
CRITERIA = ("l1_norm", "l2_norm", "taylor", "activation")
DISTILLED = {"plain": "off", "distilled": "on"}


@dataclass(kw_only=True)
class Options:
    """Put the tables `compression` and `criteria` into a summary, and cloze scores to its stages."""

    summary: Path
    """The file that bench/measure.py wrote; it is written anew."""
    runs: Path
    """Folder with the runs."""


def main(options: Options) -> None:
    summary = read_summary(options.summary)
    scores = {
        name: scores_of(options.runs / name) for name in METHODS if (options.runs / name / "scores.json").exists()
    }
    if "dense" not in scores:
        raise UserError(f"--runs {options.runs}: no dense/scores.json in it; run benchmark.sh")
    for stage in summary["stages"]:
        run = next((name for name, each in STAGES.items() if each == stage["stage"]), None)
        if "cloze" in scores.get(run, {}):
            stage["metrics"]["cloze"] = scores[run]["cloze"]
    tables = {"compression": compression(scores), "criteria": criteria(options.runs / "criteria")}
    add_tables(options.summary, summary, tables)


def scores_of(folder: Path) -> dict[str, float]:
    """accuracy and perplexity of the test text, and cloze accuracy where it was scored; each in 0..1 but perplexity."""
    found = files.read_json(folder / "scores.json", "scores")
    scores = {"accuracy": found["accuracy"], "perplexity": found["perplexity"]}
    if (folder / "cloze.json").exists():
        scores["cloze"] = files.read_json(folder / "cloze.json", "scores")["accuracy"]
    return scores


def compression(scores: dict[str, dict[str, float]]) -> AppTable:
    """The document's table: top-1 accuracy before and after, and what else was scored."""
    dense, rows = scores["dense"], []
    for run, found in scores.items():
        before, after = 100 * dense["accuracy"], 100 * found["accuracy"]
        cloze = f"{100 * found['cloze']:.2f}" if "cloze" in found else NOTHING
        cells = [f"{before:.2f}", f"{after:.2f}", f"{after - before:+.2f}", f"{found['perplexity']:.2f}", cloze]
        rows.append([run, *cells, f"`{METHODS[run]}`"])
    head = ["compression", "accuracy_before", "accuracy_after", "change", "perplexity", "cloze", "configuration"]
    return AppTable(head, rows)


def criteria(folder: Path) -> AppTable:
    """A row per criterion, with and without distillation: mean and standard deviation over seeds."""
    rows = []
    for criterion in CRITERIA:
        for kind, switch in DISTILLED.items():
            found = [scores_of(each.parent) for each in sorted((folder / criterion / kind).glob("*/scores.json"))]
            if found:
                accuracy = spread([100 * each["accuracy"] for each in found])
                rows.append([criterion, switch, str(len(found)), accuracy, spread([e["perplexity"] for e in found])])
    return AppTable(["criterion", "distillation", "seeds", "accuracy", "perplexity"], rows)


if __name__ == "__main__":
    cli.run(main, Options)
