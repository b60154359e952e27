# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables of several trainings: mean and spread over seeds, and their place in a summary."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from common import files
from common.report.summary import check_summary

NOTHING = "–"


def spread(values: Sequence[float]) -> str:
    """`80.12`, `80.12 ± 0.31` (standard deviation) of several, a dash of none."""
    if not values:
        return NOTHING
    return f"{mean(values):.2f}" if len(values) == 1 else f"{mean(values):.2f} ± {stdev(values):.2f}"


def read_summary(path: Path) -> dict[str, Any]:
    """A summary that measure.py wrote. Raises `UserError` where there is none, or one of another form."""
    return check_summary(files.read_json(path, "summary"), str(path))


def add_tables(path: Path, summary: dict[str, Any], tables: dict[str, Any]) -> None:
    """Write the summary anew with these tables that have rows, beside those it had; print all it has now."""
    summary["tables"] = {**(summary.get("tables") or {}), **{n: each for n, each in tables.items() if each["rows"]}}
    files.write_json(path, check_summary(summary, str(path)))
    for table in summary["tables"].values():
        for row in (table["head"], *table["rows"]):
            print("  ".join(row))
