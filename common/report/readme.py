# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fills the tables of a README from a summary.

The text between `<!-- table:APP.NAME -->` and `<!-- /table:APP.NAME -->` is generated from the summary of that app.
NAME is `brief`, `ledger`, `engines`, `alternatives` or a table that the app added to its summary.
`<!-- table:APP.NAME columns:stage,size -->` takes only these columns. Without `APP.` any summary fills the place.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.cli import UserError, did_you_mean
from common.report.sections import names_of_tables, section
from common.report.words import Language

MARKER = re.compile(r"<!-- (?P<end>/?)table:(?P<marker>[\w.-]+)(?: columns:(?P<columns>[^ ]+))? -->")


@dataclass(frozen=True)
class Place:
    """One place in a README that a table goes to."""

    marker: str
    """`APP.NAME`, or `NAME`."""
    begin: int
    """Where the generated text begins and ends, in characters of the file."""
    end: int
    columns: tuple[str, ...]
    """Empty for all."""


def language_of(readme: Path) -> Language:
    """Chinese where the file's name has `zh` in it."""
    return "zh" if "zh" in readme.name.lower() else "en"


def markers_for(readme: Path, app: str) -> list[str]:
    """The README's markers that the summary of this app fills, in their order."""
    text = files.read_text(readme, "README")
    found = dict.fromkeys(match["marker"] for match in MARKER.finditer(text))
    return [marker for marker in found if "." not in marker or marker.rpartition(".")[0] == app]


def update_readme(readme: Path, summary: dict, language: Language, marker: str) -> None:
    """Replace what stands between the two marks of `marker` by its table.

    Raises:
        UserError: the marker is not there exactly once, not closed, or names no table, no column or another app. The
            file is left as it was.
    """
    text = files.read_text(readme, "README")
    app, _, name = marker.rpartition(".")
    names = names_of_tables(summary)
    if name not in names:
        known = f"there are {', '.join(names)}{did_you_mean(name, names)}"
        raise UserError(f"{readme}: table:{marker}: no such table; {known}")
    if app and app != summary["app"]:
        raise UserError(f"{readme}: table:{marker}: the summary is of {summary['app']}, not of {app}")
    place = find_place(text, marker, readme)
    try:
        inside = section(summary, name, language, place.columns)
    except UserError as fault:
        raise UserError(f"{readme}: table:{marker}: {fault}") from None
    files.write_text(readme, f"{text[: place.begin]}\n{inside}\n{text[place.end :]}")


def find_place(text: str, marker: str, readme: Path) -> Place:
    """Where the table of that marker goes.

    Raises:
        UserError: the two marks are not there once each, the opening one first; names the file and the lines.
    """
    marks = [found for found in MARKER.finditer(text) if found["marker"] == marker]
    if [found["end"] for found in marks] != ["", "/"]:
        lines = ", ".join(str(text.count("\n", 0, found.start()) + 1) for found in marks)
        raise UserError(
            f"{readme}:{lines or 1}: expected <!-- table:{marker} --> and then <!-- /table:{marker} -->, once each"
        )
    opening, closing = marks
    columns = tuple((opening["columns"] or "").split(",")) if opening["columns"] else ()
    return Place(marker, opening.end(), closing.start(), columns)
