# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables with the sentences that belong under them: for a README, for a file of all tables, and for a terminal."""

from collections.abc import Callable, Sequence
from pathlib import Path

from common import files
from common.report import captions, tables
from common.report.lookup import metric_names
from common.report.table import Table
from common.report.words import Language, Words, words_for

NAMED: dict[str, Callable[[dict, Words], Table | None]] = {
    "brief": tables.brief,
    "ledger": tables.ledger,
    "alternatives": tables.alternatives,
    "engines": tables.engines,
}
FILES: dict[Language, str] = {"en": "tables.md", "zh": "tables.zh-CN.md"}


def names_of_tables(summary: dict) -> list[str]:
    """Those that every summary has, and those that its app added."""
    return [*NAMED, *(summary.get("tables") or {})]


def table_of(summary: dict, name: str, words: Words) -> Table | None:
    """The table of that name; None for alternatives where none were measured."""
    return NAMED[name](summary, words) if name in NAMED else tables.of_app(summary, name, words)


def section(summary: dict, name: str, language: Language, columns: Sequence[str] = ()) -> str:
    """A table in Markdown with its caption.

    Args:
        name: one of `names_of_tables`.
        columns: keys of the columns that are wanted; all where empty.

    Raises:
        UserError: the table has no such column.
    """
    words = words_for(summary["app"], language)
    table = table_of(summary, name, words)
    if table is not None and columns:
        table = table.select(columns)
    body = words.heading("no_alternatives") if table is None else table.markdown()
    # an app's own tables need not be about speed, so only the named ones say what it is compared with
    compared = captions.comparison(summary, words) if name in NAMED else ""
    below = [line for line in (compared, captions.provenance(summary, words)) if line]
    return body + "\n\n" + "\n".join(below)


def write_tables(summary: dict, folder: Path) -> list[Path]:
    """Write all tables in full, one file per language: tables.md and tables.zh-CN.md. Returns the two files."""
    written = []
    for language, file in FILES.items():
        words = words_for(summary["app"], language)
        parts = [f"# {summary['app']}"]
        for name in names_of_tables(summary):
            if name == "brief" or table_of(summary, name, words) is None:
                continue  # the ledger says the same in full
            parts.append(f"## {words.heading(name).removesuffix(' %')}\n\n{section(summary, name, language)}")
        written.append(folder / file)
        files.write_text(written[-1], "\n\n".join(parts) + "\n")
    return written


def ledger_text(summary: dict) -> str:
    """The ledger for a terminal, in English: costs with the main metric, then all metrics where there are more."""
    words, names = words_for(summary["app"], "en"), metric_names(summary)
    parts = [tables.ledger(summary, words, names[:1]).text()]
    if len(names) > 1:
        parts.append(tables.scores(summary, words).text())
    note = captions.comparison(summary, words)
    return "\n\n".join([*parts, *([note] if note else [])])
