# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The tables of a summary: the ledger of the stages, every engine, and what a user would take instead."""

from typing import Any

from common.report.summary import baseline, main_engine, median, metric_names, passed, refusal
from common.report.table import Table, cell, word

NOTHING = "–"
COLON = {"en": ": ", "zh": "："}
MIB = 1 << 20

# --- cells ---


def number(value: float | None, pattern: str = "{:.2f}") -> str:
    return NOTHING if value is None else pattern.format(value)


def with_share(value: float | None, whole: float | None, pattern: str) -> str:
    """`5.40 (8 %)`: the value and what part of the original's it is."""
    if value is None or not whole:
        return number(value, pattern)
    return f"{pattern.format(value)} ({100 * value / whole:.0f} %)"


def times(row: dict | None, key: str) -> str:
    spread = (row or {}).get(key)
    return NOTHING if spread is None else f"{spread['p50']:.2f} / {spread['p95']:.2f}"


def ratio(slow: float | None, fast: float | None) -> str:
    return NOTHING if slow is None or not fast else f"{slow / fast:.1f}"


def metric(row: dict, name: str, original: dict | None = None) -> str:
    """`80.12`, and `80.12 (-0.31)` where there is an original to compare with. In percent."""
    value = row["metrics"].get(name)
    if value is None:
        return NOTHING
    before = None if original is None else original["metrics"].get(name)
    return f"{100 * value:.2f}" if before is None else f"{100 * value:.2f} ({100 * (value - before):+.2f})"


def engine_name(engine: dict | None) -> str:
    return NOTHING if engine is None else f"{engine['engine']} {engine['precision']}"


def parity_count(stage: dict) -> str:
    """`5/6`: of the engines that were compared, how many passed."""
    compared = [engine for engine in stage["engines"] if passed(engine) is not None]
    return f"{sum(map(passed, compared))}/{len(compared)}" if compared else NOTHING


# --- tables ---


def ledger(summary: dict, language: str, metrics: list[str] | None = None) -> Table:
    """What each stage cost and gained. `metrics` chooses among the metrics; None takes all."""
    original, base = summary["stages"][0], baseline(summary)
    names = metric_names(summary) if metrics is None else metrics
    head = ["stage", "size", *names, "engine", "latency", "end_to_end", "speedup", "memory", "parity"]
    head = [word(key, language) for key in head]
    reference = summary.get("reference")
    if reference:  # beside the other ratio, but of the model alone: the reference answers nothing
        head.insert(head.index(word("speedup", language)) + 1, f"× {reference['name']}")
    rows = []
    for stage in summary["stages"]:
        engine = main_engine(summary, stage) or {}
        versus = [ratio(median(reference, "latency_ms"), median(engine, "latency_ms"))] if reference else []
        rows.append(
            [
                word(stage["stage"], language),
                with_share(stage["size_bytes"] / MIB, original["size_bytes"] / MIB, "{:.2f}"),
                *(metric(stage, name, None if stage is original else original) for name in names),
                engine_name(engine or None),
                times(engine, "latency_ms"),
                times(engine, "end_to_end_ms"),
                ratio(median(base), median(engine)),
                *versus,
                with_share(engine.get("peak_rss_mb"), (base or {}).get("peak_rss_mb"), "{:.0f}"),
                parity_count(stage),
            ]
        )
    return Table(head, rows)


def scores(summary: dict, language: str) -> Table:
    """Only the metrics, for where the ledger has no room for all of them."""
    original, names = summary["stages"][0], metric_names(summary)
    rows = [
        [
            word(stage["stage"], language),
            *(metric(stage, name, None if stage is original else original) for name in names),
        ]
        for stage in summary["stages"]
    ]
    return Table([word("stage", language), *(word(name, language) for name in names)], rows)


def engines(summary: dict, language: str) -> Table:
    """Every engine at every stage, also those that failed the gate or are refused, with the reason."""
    base, reference = baseline(summary), summary.get("reference")
    keys = ["stage", "engine", "precision", "parity", "difference", "agreement"]
    keys += ["latency", "end_to_end", "speedup", "memory"]
    head = [word(key, language) for key in keys]
    if reference:
        head.insert(keys.index("speedup") + 1, f"× {reference['name']}")
    rows = []
    for stage in summary["stages"]:
        for engine in stage["engines"]:
            versus = [ratio(median(reference, "latency_ms"), median(engine, "latency_ms"))] if reference else []
            parity = engine.get("parity") or {}
            agreement = parity.get("agreement")
            rows.append(
                [
                    word(stage["stage"], language),
                    engine["engine"],
                    engine["precision"],
                    _verdict(engine, language),
                    number(parity.get("max_abs_diff"), "{:.1e}"),
                    number(None if agreement is None else 100 * agreement),
                    times(engine, "latency_ms"),
                    times(engine, "end_to_end_ms"),
                    NOTHING if passed(engine) is False else ratio(median(base), median(engine)),
                    *versus,
                    with_share(engine.get("peak_rss_mb"), (base or {}).get("peak_rss_mb"), "{:.0f}"),
                ]
            )
    return Table(head, rows, left=4)


def _verdict(engine: dict, language: str) -> str:
    if refusal(engine) is not None:
        return f"{word('refused', language)}{COLON[language]}{refusal(engine)}"
    ok = passed(engine)
    return NOTHING if ok is None else word("passed" if ok else "failed", language)


def alternatives(summary: dict, language: str) -> Table | None:
    """Our last stage, and what a user would take instead; None where nothing was measured."""
    others = summary.get("alternatives") or []
    if not others:
        return None
    last, original = summary["stages"][-1], summary["stages"][0]
    engine = main_engine(summary, last) or {}
    ours = {
        "name": f"{word('ours', language)} ({engine_name(engine or None)})",
        "size_bytes": last["size_bytes"],
        "metrics": last["metrics"],
        "end_to_end_ms": engine.get("end_to_end_ms"),
        "peak_rss_mb": engine.get("peak_rss_mb"),
    }
    names = [name for name in metric_names(summary, *others) if name in last["metrics"]]
    names += [name for name in metric_names(summary, *others) if name not in names]
    base_memory = (baseline(summary) or {}).get("peak_rss_mb")
    rows = [
        [
            row["name"],
            with_share(row["size_bytes"] / MIB, original["size_bytes"] / MIB, "{:.2f}"),
            *(metric(row, name, original) for name in names),
            times(row, "end_to_end_ms"),
            NOTHING if row is ours else ratio(median(row), median(ours)),
            with_share(row.get("peak_rss_mb"), base_memory, "{:.0f}"),
        ]
        for row in [ours, *others]
    ]
    head = ["alternative", "size", *names, "end_to_end", "ours_faster", "memory"]
    return Table([word(key, language) for key in head], rows)


def further(summary: dict, name: str, language: str) -> Table:
    """One of the summary's own tables."""
    table = summary["tables"][name]
    head, *rows = [[cell(text, language) for text in row] for row in (table["head"], *table["rows"])]
    return Table(head, rows)


# --- what stands under a table ---


def provenance(summary: dict, language: str) -> str:
    """One sentence: machine, data, seeds, commit and command. A figure without them says nothing."""
    stop, comma = ("。", "；") if language == "zh" else (".", "; ")
    parts = [f"{word('machine', language)}{COLON[language]}{machine(summary['machine'], language)}"]
    parts += [f"{word(key, language)} {summary[key]}" for key in ("date", "split") if summary.get(key)]
    parts += [f"{word('seeds', language)} {', '.join(map(str, summary['seeds'])) or NOTHING}"]
    parts += [f"{word('commit', language)} {summary['commit']}", f"{word('command', language)} `{summary['command']}`"]
    return comma.join(parts) + stop


def comparison(summary: dict, language: str) -> str:
    """What 1 × and 100 % are."""
    base = baseline(summary)
    if base is None:
        return ""
    figures = f"{number(median(base))} ms, {number(base.get('peak_rss_mb'), '{:.0f}')} MB"
    opening = word("compared", language)
    return (
        f"{opening} {engine_name(base)} ({figures})."
        if language == "en"
        else f"{opening} {engine_name(base)}（{figures}）。"
    )


def machine(described: str | dict[str, Any], language: str) -> str:
    """The CPU, its cores and features, the system and Python, out of what `common.machine.describe` gives."""
    if isinstance(described, str):
        return described
    parts = [str(described.get("cpu", NOTHING))]
    if described.get("cores"):
        parts.append(f"{described['cores']} {word('cores', language)}")
    parts += [" ".join(described[key]) for key in ("features",) if described.get(key)]
    parts += [described["system"]] if described.get("system") else []
    parts += [f"Python {described['python']}"] if described.get("python") else []
    return ", ".join(parts)
