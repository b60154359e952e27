# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""This app's own tables of a summary: the document's run of 10,451 characters, and the ablation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import files
from common.cli import UserError
from common.report.app_tables import AppTable
from common.report.cells import NOTHING
from common.report.lookup import median, passed

RUNS = ("distill_reorder", "distill", "reorder", "neither")  # what was on


def of_characters(stages: Sequence[dict[str, Any]]) -> AppTable:
    """Seconds from text to answer per engine, and what each is of the original's: the document's table.

    Args:
        stages: as they stand in the summary, all with the same engines.
    """
    engines = [engine["engine"] for engine in stages[0]["engines"]]
    first = [seconds(engine) for engine in stages[0]["engines"]]
    rows = []
    for stage in stages:
        cells = []
        for base, engine in zip(first, stage["engines"], strict=True):
            own = seconds(engine)
            versus = f" ({base / own:.2f} ×)" if own and base else ""
            cells.append(f"{own:.2f} s{versus}" if own else NOTHING)
        rows.append([stage["stage"], f"{stage['parameters'] / 1e6:.1f}", *cells])
    return AppTable(["stage", "parameters", *engines], rows)


def seconds(engine: dict[str, Any]) -> float | None:
    """Median of the whole run, where the engine passed its gate."""
    time = median(engine) if passed(engine) else None
    return None if time is None else time / 1e3


def ablation(words: Sequence[str]) -> AppTable:
    """F1 on the test set of short runs with and without distillation and reordering, at each width.

    Args:
        words: NAME=FOLDER, with NAME of RUNS; the folders hold scores_<width>.json of evaluate.py.

    Raises:
        UserError: another form, or a folder without scores.
    """
    runs = {name: scores for name, scores in map(scores_in, words)}
    whole = runs.get(RUNS[0], {})
    rows = []
    for name, scores in runs.items():
        switches = ["on" if name.startswith("distill") else "off", "on" if name.endswith("reorder") else "off"]
        for width, found in scores.items():
            versus = f" ({100 * (found['f1'] - whole[width]['f1']):+.2f})" if width in whole and name != RUNS[0] else ""
            rows.append(
                [*switches, f"{width:.3g}", f"{100 * found['f1']:.2f}{versus}", f"{100 * found['f1_strict']:.2f}"]
            )
    return AppTable(["distillation", "reordering", "one_width", "f1", "f1_strict"], rows)


def scores_in(word: str) -> tuple[str, dict[float, dict]]:
    """Name of a run, and its scores by width, the widest first."""
    name, _, folder = word.partition("=")
    if name not in RUNS or not folder:
        raise UserError(f"--ablation: `{word}` is not NAME=FOLDER with NAME one of {', '.join(RUNS)}")
    found = {float(path.stem.removeprefix("scores_")): path for path in Path(folder).glob("scores_*.json")}
    if not found:
        raise UserError(f"--ablation: {folder} holds no scores_<width>.json; write them by evaluate.py --output")
    return name, {width: files.read_json(found[width]) for width in sorted(found, reverse=True)}
