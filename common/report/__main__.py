# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Plots, a page and README tables from a summary:

python -m common.report ernie_tiny_slu/output/summary.json --output_dir report --readme README.md README.zh-CN.md
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from common import cli, files
from common.cli import UserError
from common.report.page import html, ledger_text, markers_for, update_readme
from common.report.plots import plots
from common.report.summary import check_summary

import tyro


@dataclass
class Options:
    """Write plots and a page from a summary.json, fill README tables, print the ledger."""

    summary: tyro.conf.Positional[Path]
    """The file that run_all.sh or benchmark.sh wrote."""
    output_dir: Path | None = None
    """Where report.html and the plots go; without it, in `report` beside the summary."""
    readme: list[Path] = field(default_factory=list)
    """Files whose marked tables are filled; Chinese where the name has `zh` in it."""
    language: Literal["en", "zh"] = "en"
    """Of the page."""


def main(options: Options) -> None:
    summary = check_summary(files.read_json(options.summary, "summary"), str(options.summary))
    for readme in options.readme:
        found = markers_for(readme, summary)
        if not found:
            app = summary["app"]
            raise UserError(f"{readme}: holds no <!-- table:ledger --> marker for {app}; add one and close it")
        for marker in found:
            update_readme(readme, summary, "zh" if "zh" in readme.name.lower() else "en", marker)
    folder = options.output_dir or options.summary.parent / "report"
    html(summary, folder / "report.html", options.language, plots(summary, folder))
    print(ledger_text(summary))
    print(f"\nwritten: {', '.join(map(str, [*options.readme, folder / 'report.html']))}")


if __name__ == "__main__":
    cli.run(main, Options)
