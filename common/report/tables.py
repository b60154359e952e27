# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The tables of a summary: stages in short and in full, every engine, what a user would take instead, an app's own."""

from collections.abc import Sequence

from common.report import cells
from common.report.cells import NOTHING
from common.report.lookup import baseline, main_engine, median, metric_names, passed
from common.report.table import Table
from common.report.words import Words


def brief(summary: dict, words: Words) -> Table:
    """What each stage cost and gained, in at most six columns: for the first screen of a README."""
    original, base = summary["stages"][0], baseline(summary)
    keys = ["stage", "size", *metric_names(summary)[:1], "engine", "time", "memory"]
    rows = []
    for stage in summary["stages"]:
        engine = main_engine(summary, stage)
        rows.append(
            [
                words.heading(stage["stage"]),
                cells.size(stage, original),
                *_metrics(stage, original, metric_names(summary)[:1]),
                cells.engine_name(engine),
                cells.time_and_ratio(engine, base),
                cells.memory(engine, base),
            ]
        )
    return _table(keys, rows, words)


def ledger(summary: dict, words: Words, metrics: Sequence[str] | None = None) -> Table:
    """What each stage cost and gained on its best engine.

    Args:
        metrics: which of the summary's metrics; None takes all.
    """
    original, base = summary["stages"][0], baseline(summary)
    names = metric_names(summary) if metrics is None else metrics
    keys = ["stage", "size", *names, "engine", "latency", "end_to_end", "speedup", *_reference_key(summary)]
    rows = []
    for stage in summary["stages"]:
        engine = main_engine(summary, stage)
        rows.append(
            [
                words.heading(stage["stage"]),
                cells.size(stage, original),
                *_metrics(stage, original, names),
                cells.engine_name(engine),
                cells.times(engine, "latency_ms"),
                cells.times(engine, "end_to_end_ms"),
                cells.ratio(median(base), median(engine)),
                *_versus_reference(summary, engine),
                cells.memory(engine, base),
                cells.parity_count(stage),
            ]
        )
    return _table([*keys, "memory", "parity"], rows, words)


def scores(summary: dict, words: Words) -> Table:
    """Only the metrics, for a terminal, where the ledger has no room for all of them."""
    original, names = summary["stages"][0], metric_names(summary)
    rows = [[words.heading(stage["stage"]), *_metrics(stage, original, names)] for stage in summary["stages"]]
    return _table(["stage", *names], rows, words)


def engines(summary: dict, words: Words) -> Table:
    """Every engine at every stage, also those that failed the gate or are refused, with the reason."""
    base = baseline(summary)
    keys = ["stage", "engine", "precision", "parity", "difference", "agreement", "latency", "end_to_end", "speedup"]
    keys += [*_reference_key(summary), "memory"]
    rows = []
    for stage in summary["stages"]:
        for engine in stage["engines"]:
            parity = engine.get("parity") or {}
            agreement = parity.get("agreement")
            rows.append(
                [
                    words.heading(stage["stage"]),
                    engine["engine"],
                    engine["precision"],
                    cells.verdict(engine, words),
                    cells.number(parity.get("max_abs_diff"), "{:.1e}"),
                    cells.number(None if agreement is None else 100 * agreement),
                    cells.times(engine, "latency_ms"),
                    cells.times(engine, "end_to_end_ms"),
                    # a wrong answer has no speed
                    NOTHING if passed(engine) is False else cells.ratio(median(base), median(engine)),
                    *_versus_reference(summary, engine),
                    cells.memory(engine, base),
                ]
            )
    return _table(keys, rows, words, left=4)


def alternatives(summary: dict, words: Words) -> Table | None:
    """Our last stage, and what a user would take instead; None where nothing was measured."""
    others = summary.get("alternatives") or []
    if not others:
        return None
    last, original, base = summary["stages"][-1], summary["stages"][0], baseline(summary)
    engine = main_engine(summary, last) or {}
    ours = {
        "name": f"{words.heading('ours')} ({cells.engine_name(engine)})",
        "size_bytes": last["size_bytes"],
        "metrics": last["metrics"],
        "end_to_end_ms": engine.get("end_to_end_ms"),
        "peak_rss_mb": engine.get("peak_rss_mb"),
    }
    measured = metric_names(summary, *others)
    names = sorted(measured, key=lambda name: name not in last["metrics"])  # those that ours has as well come first
    rows = [
        [
            row["name"],
            cells.size(row, original),
            *(cells.metric(row, name, original) for name in names),
            cells.times(row, "end_to_end_ms"),
            NOTHING if row is ours else cells.ratio(median(row), median(ours)),
            cells.memory(row, base),
        ]
        for row in [ours, *others]
    ]
    return _table(["alternative", "size", *names, "end_to_end", "ours_faster", "memory"], rows, words)


def of_app(summary: dict, name: str, words: Words) -> Table:
    """One of the tables that the app added to its summary."""
    table = summary["tables"][name]
    head, *rows = [[words.cell(text) for text in row] for row in (table["head"], *table["rows"])]
    return Table(table["head"], head, rows)


def _table(keys: list[str], rows: list[list[str]], words: Words, left: int = 1) -> Table:
    """A column that has no word is called by its key: `× SKEP-large`."""
    head = [key if key.startswith("× ") else words.heading(key) for key in keys]
    return Table(keys, head, rows, left)


def _metrics(stage: dict, original: dict, names: Sequence[str]) -> list[str]:
    return [cells.metric(stage, name, None if stage is original else original) for name in names]


def _reference_key(summary: dict) -> list[str]:
    """Of the column for another model's time, where the summary has one."""
    reference = summary.get("reference")
    return [f"× {reference['name']}"] if reference else []


def _versus_reference(summary: dict, engine: dict | None) -> list[str]:
    """How many times as fast as the other model: of the model alone, because the other one answers nothing."""
    reference = summary.get("reference")
    return [cells.ratio(median(reference, "latency_ms"), median(engine, "latency_ms"))] if reference else []
