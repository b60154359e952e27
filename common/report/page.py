# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From summary.json to what people read: Markdown tables, README sections, plots, one self-contained page, a ledger.

In a README, the text between `<!-- table:NAME -->` and `<!-- /table:NAME -->` is generated. NAME is `ledger`,
`engines`, `alternatives` or a table that the summary brings; `APP.ledger` is filled only from the summary of that app.
"""

import base64
import html as _html
import re
import tempfile
from pathlib import Path

from common import files
from common.cli import UserError, did_you_mean
from common.report import tables
from common.report.plots import plots
from common.report.summary import check_summary, metric_names
from common.report.table import word

__all__ = [
    "alternatives_table",
    "check_summary",
    "engine_table",
    "html",
    "ledger_text",
    "markdown_table",
    "plots",
    "update_readme",
]

MARKER = re.compile(r"<!-- (/?)table:([\w.-]+) -->")


def markdown_table(summary: dict, language: str = "en") -> str:
    """The ledger: what each stage cost and gained, on its best engine."""
    return tables.ledger(summary, language).markdown()


def engine_table(summary: dict, language: str = "en") -> str:
    """Every engine at every stage, with parity, speed and memory; refused ones with the reason."""
    return tables.engines(summary, language).markdown()


def alternatives_table(summary: dict, language: str = "en") -> str:
    """Our last stage beside what a user would take instead, or a sentence that nothing was measured."""
    table = tables.alternatives(summary, language)
    return table.markdown() if table else word("no_alternatives", language)


def ledger_text(summary: dict) -> str:
    """The ledger for a terminal, in English: costs with the main metric, then all metrics where there are more."""
    names = metric_names(summary)
    parts = [tables.ledger(summary, "en", metrics=names[:1]).text()]
    if len(names) > 1:
        parts.append(tables.scores(summary, "en").text())
    note = tables.comparison(summary, "en")
    return "\n\n".join([*parts, *([note] if note else [])])


NAMED_TABLES = {"ledger": markdown_table, "engines": engine_table, "alternatives": alternatives_table}


def further(summary: dict) -> list[str]:
    """Names of the tables that the summary itself brings."""
    return list(summary.get("tables") or {})


def section(summary: dict, name: str, language: str) -> str:
    """A table with its caption, as it stands in a README."""
    if name in further(summary):
        return tables.further(summary, name, language).markdown() + "\n\n" + tables.provenance(summary, language)
    below = [tables.comparison(summary, language), tables.provenance(summary, language)]
    return NAMED_TABLES[name](summary, language) + "\n\n" + "\n".join(line for line in below if line)


def update_readme(readme_path: Path | str, summary: dict, language: str, marker: str) -> None:
    """Replace the text between `<!-- table:MARKER -->` and `<!-- /table:MARKER -->`.

    Raises:
        UserError: the marker is not there exactly once, not closed, or names no table or another app.
    """
    text = files.read_text(readme_path, "README")
    app, _, name = marker.rpartition(".")
    names = [*NAMED_TABLES, *further(summary)]
    if name not in names:
        known = f"there are {', '.join(names)}{did_you_mean(name, names)}"
        raise UserError(f"{readme_path}: table:{marker}: no such table; {known}")
    if app and app != summary["app"]:
        raise UserError(f"{readme_path}: table:{marker}: the summary is of {summary['app']}, not of {app}")
    places = [found for found in MARKER.finditer(text) if found[2] == marker]
    if [found[1] for found in places] != ["", "/"]:
        lines = ", ".join(str(text.count("\n", 0, found.start()) + 1) for found in places)
        raise UserError(
            f"{readme_path}:{lines or 1}: expected <!-- table:{marker} --> and then <!-- /table:{marker} -->, once each"
        )
    opening, closing = places
    inside = f"\n{section(summary, name, language)}\n"
    files.write_text(readme_path, text[: opening.end()] + inside + text[closing.start() :])


def markers_for(readme_path: Path | str, summary: dict) -> list[str]:
    """The README's markers that this summary fills."""
    found = dict.fromkeys(match[2] for match in MARKER.finditer(files.read_text(readme_path, "README")))
    return [name for name in found if "." not in name or name.rpartition(".")[0] == summary["app"]]


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 110rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.8rem; } td:first-child { white-space: nowrap; }
th, td { padding: 0.3rem 0.45rem; border-bottom: 1px solid #ddd; vertical-align: top; }
th { border-bottom: 2px solid #777; }
.number { text-align: right; font-variant-numeric: tabular-nums; } td.number { white-space: nowrap; }
.word { text-align: left; }
img { max-width: min(100%, 70rem); }
footer { margin-top: 2.5rem; font-size: 0.85rem; color: #555; }
"""
TITLES = {
    "ledger": ("What each stage cost and gained", "各阶段的代价与收益"),
    "engines": ("Every engine", "全部引擎"),
    "alternatives": ("What one would take instead", "其他方案对比"),
    "plots": ("Plots", "图"),
}


def html(summary: dict, path: Path | str, language: str = "en", images: list[Path] | None = None) -> None:
    """One page that needs no other file: tables, plots as embedded PNG, machine and library versions.

    `images` are what `plots` returned; without them they are drawn here.
    """
    title = f"{summary['app']}: {TITLES['ledger'][language == 'zh']}"
    parts = [f"<h1>{_html.escape(title)}</h1>"]
    made = {"ledger": tables.ledger, "alternatives": tables.alternatives, "engines": tables.engines}
    for name, make in made.items():
        table = make(summary, language)
        if table is not None:
            heading = "" if name == "ledger" else f"<h2>{TITLES[name][language == 'zh']}</h2>\n"
            parts.append(f'{heading}<div class="wide">{table.html()}</div>')
        if name == "ledger":
            parts.append(f"<p>{_html.escape(tables.comparison(summary, language))}</p>")
    for name in further(summary):
        heading = _html.escape(word(name, language).removesuffix(" %"))
        parts.append(f'<h2>{heading}</h2>\n<div class="wide">{tables.further(summary, name, language).html()}</div>')
    parts.append(f"<h2>{TITLES['plots'][language == 'zh']}</h2>")
    with tempfile.TemporaryDirectory() as folder:
        for image in plots(summary, folder) if images is None else images:
            data = base64.b64encode(image.read_bytes()).decode()
            parts.append(f'<p><img alt="{image.stem.replace("_", " ")}" src="data:image/png;base64,{data}"></p>')
    notes = [tables.provenance(summary, language)]
    if isinstance(summary["machine"], dict) and summary["machine"].get("libraries"):
        notes.append(", ".join(f"{name} {version}" for name, version in summary["machine"]["libraries"].items()))
    parts.append("<footer>" + "".join(f"<p>{_html.escape(note)}</p>" for note in notes) + "</footer>")
    tag = {"en": "en", "zh": "zh-CN"}[language]
    head = f'<meta charset="utf-8"><title>{_html.escape(title)}</title><style>{STYLE}</style>'
    top = f'<!doctype html>\n<html lang="{tag}">\n<head>{head}</head>\n<body>\n'
    files.write_text(path, top + "\n".join(parts) + "\n</body>\n</html>\n")
