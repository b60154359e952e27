# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Plots, a page, files of all tables, and README tables from a summary:

python -m common.report results/ernie_tiny_slu.json --output_dir report --readme README.md README.zh-CN.md
"""

from dataclasses import dataclass, field
from pathlib import Path

from common import cli, files
from common.cli import UserError
from common.report import plots
from common.report.page import write_page
from common.report.readme import language_of, markers_for, update_readme
from common.report.sections import ledger_text, write_tables
from common.report.summary import check_summary
from common.report.words import Language

import tyro


@dataclass
class Options:
    """Write plots, tables and a page from a summary.json, fill README tables, print the ledger."""

    summary: tyro.conf.Positional[Path]
    """The file that run_all.sh or benchmark.sh wrote."""
    output_dir: Path | None = None
    """Where report.html, tables.md and the plots go; without it, in `report` beside the summary."""
    readme: list[Path] = field(default_factory=list)
    """Files whose marked tables are filled; Chinese where the name has `zh` in it."""
    language: Language = "en"
    """Of the page."""


def main(options: Options) -> None:
    summary = check_summary(files.read_json(options.summary, "summary"), str(options.summary))
    for readme in options.readme:
        fill(readme, summary)
    folder = options.output_dir or options.summary.parent / "report"
    write_page(summary, folder / "report.html", options.language, plots.draw(summary, folder))
    write_tables(summary, folder)
    print(ledger_text(summary))
    print(f"\nwritten: {', '.join(map(str, [*options.readme, folder / 'report.html']))}")


def fill(readme: Path, summary: dict) -> None:
    """Every table of the README that this summary fills. Raises `UserError` where there is none."""
    app = summary["app"]
    markers = markers_for(readme, app)
    if not markers:
        raise UserError(f"{readme}: holds no <!-- table:ledger --> marker for {app}; add one and close it")
    for marker in markers:
        update_readme(readme, summary, language_of(readme), marker)


if __name__ == "__main__":
    cli.run(main, Options)
