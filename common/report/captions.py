# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The sentences under a table: where its figures come from, and what 1 × and 100 % are."""

from typing import Any

from common.report.cells import NOTHING, engine_name, number
from common.report.lookup import baseline, median
from common.report.words import Words


def provenance(summary: dict, words: Words) -> str:
    """One sentence: machine, data, seeds, commit and command, without which a figure says nothing."""
    stop, comma = ("。", "；") if words.language == "zh" else (".", "; ")
    parts = [f"{words.heading('machine')}{words.colon}{machine(summary['machine'], words)}"]
    parts += [f"{words.heading(key)} {summary[key]}" for key in ("date", "split") if summary.get(key)]
    parts += [f"{words.heading('seeds')} {', '.join(map(str, summary['seeds'])) or NOTHING}"]
    parts += [f"{words.heading('commit')} {summary['commit']}", f"{words.heading('command')} `{summary['command']}`"]
    return comma.join(parts) + stop


def comparison(summary: dict, words: Words) -> str:
    """One sentence: the engine that speed and memory are compared with. Empty where nothing was timed."""
    base = baseline(summary)
    if base is None:
        return ""
    opening = f"{words.heading('compared')} {engine_name(base)}"
    figures = f"{number(median(base))} ms, {number(base.get('peak_rss_mb'), '{:.0f}')} MiB"
    return f"{opening} ({figures})." if words.language == "en" else f"{opening}（{figures}）。"


def machine(described: str | dict[str, Any], words: Words) -> str:
    """The CPU, its cores and features, the system and Python, out of what `common.machine.describe` gives."""
    if isinstance(described, str):
        return described
    parts = [str(described.get("cpu", NOTHING))]
    if described.get("cores"):
        parts.append(f"{described['cores']} {words.heading('cores')}")
    if described.get("features"):
        parts.append(" ".join(described["features"]))
    if described.get("system"):
        parts.append(described["system"])
    if described.get("python"):
        parts.append(f"Python {described['python']}")
    return ", ".join(parts)
