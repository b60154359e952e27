# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A summary as one page of HTML that needs no other file: tables, plots as embedded PNG, machine and libraries."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from common import files
from common.report import captions
from common.report.sections import names_of_tables, table_of
from common.report.words import Language, Words, words_for

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
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-CN"}


def write_page(summary: dict, path: Path, language: Language, images: Sequence[Path]) -> None:
    """Write the page.

    Args:
        images: PNG files, as `plots.draw` returns them.
    """
    words = words_for(summary["app"], language)
    title = f"{summary['app']}: {words.heading('ledger')}"
    parts = [f"<h1>{escape(title)}</h1>", *_tables(summary, words), f"<h2>{words.heading('plots')}</h2>"]
    for image in images:
        data = base64.b64encode(image.read_bytes()).decode()
        parts.append(f'<p><img alt="{image.stem.replace("_", " ")}" src="data:image/png;base64,{data}"></p>')
    parts.append(_footer(summary, words))
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    top = f'<!doctype html>\n<html lang="{TAGS[language]}">\n<head>{head}</head>\n<body>\n'
    files.write_text(path, top + "\n".join(parts) + "\n</body>\n</html>\n")


def _tables(summary: dict, words: Words) -> list[str]:
    parts = []
    for name in names_of_tables(summary):
        table = table_of(summary, name, words)
        if table is None or name == "brief":  # the ledger says the same in full
            continue
        heading = "" if name == "ledger" else f"<h2>{escape(words.heading(name).removesuffix(' %'))}</h2>\n"
        parts.append(f'{heading}<div class="wide">{table.html()}</div>')
        if name == "ledger":
            parts.append(f"<p>{escape(captions.comparison(summary, words))}</p>")
    return parts


def _footer(summary: dict, words: Words) -> str:
    notes = [captions.provenance(summary, words)]
    if isinstance(summary["machine"], dict) and summary["machine"].get("libraries"):
        notes.append(", ".join(f"{name} {version}" for name, version in summary["machine"]["libraries"].items()))
    return "<footer>" + "".join(f"<p>{escape(note)}</p>" for note in notes) + "</footer>"
