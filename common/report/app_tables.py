# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables that an app adds to its summary, such as the mean and spread of several trainings."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from common import files
from common.report.cells import NOTHING
from common.report.summary import check_summary


@dataclass(frozen=True)
class AppTable:
    """Printed cells. Those that are a key of the words, or the name of a stage, are translated when they are shown."""

    head: list[str]
    rows: list[list[str]]

    def text(self) -> str:
        """A line per row, for a terminal."""
        return "\n".join("  ".join(row) for row in (self.head, *self.rows))


def spread(values: Sequence[float]) -> str:
    """`80.12` of one value, `80.12 ± 0.31` (standard deviation of the sample) of several, a dash of none."""
    if not values:
        return NOTHING
    return f"{mean(values):.2f}" if len(values) == 1 else f"{mean(values):.2f} ± {stdev(values):.2f}"


def read_summary(path: Path) -> dict[str, Any]:
    """A summary that measure.py wrote. Raises `UserError` where there is none, or one of another form."""
    return check_summary(files.read_json(path, "summary"), str(path))


def add_tables(path: Path, summary: dict[str, Any], tables: Mapping[str, AppTable]) -> None:
    """Write the summary anew with these tables that have rows, beside those it had; print all it has now."""
    added = {name: asdict(table) for name, table in tables.items() if table.rows}
    summary["tables"] = {**(summary.get("tables") or {}), **added}
    files.write_json(path, check_summary(summary, str(path)))
    for table in summary["tables"].values():
        print(AppTable(**table).text())
