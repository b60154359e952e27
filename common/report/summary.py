# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The form of summary.json that every run_all.sh and benchmark.sh writes: its check, and what reports read out of it.

    {"app", "machine", "commit", "command", "split", "seeds",
     "stages": [{"stage", "size_bytes", "metrics": {name: 0..1}, "engines": [{"engine", "precision",
                 "parity": {"passed", "max_abs_diff", "agreement"} or {"refused": reason},
                 "latency_ms": {"p50", "p95"}, "end_to_end_ms": {"p50", "p95"}, "peak_rss_mb"}]}],
     "alternatives": [{"name", "size_bytes", "metrics", "end_to_end_ms", "peak_rss_mb"}]}

Stages come in the order in which they were made, the original first. What was not measured is left out or null.
One of several widths of one training is called by its width: `width_0.6667`, and with INT8 `width_0.6667_int8`.
Optional: "date"; "baseline_engine", the engine of the original that speed and memory are compared with ("paddle");
"reference" {"name", "latency_ms"}, another model whose time is 1 x in a further column, as in the app's document;
"tables" {name: {"head": [cell, …], "rows": [[cell, …], …]}}, further ones of the app: printed cells; stage names
and headings that common/report/table.py knows are translated in them.
"""

from typing import Any

from common.bundle.stage_names import STAGES, width_of
from common.cli import UserError, did_you_mean

BASELINE_ENGINE = "paddle"


def check_summary(summary: Any, source: str = "summary") -> dict:
    """The summary itself, if it has the form above.

    Raises:
        UserError: names `source` (the file) and the key that is missing or wrong, such as `stages[2].size_bytes`.
    """
    check = _Check(source)
    check.is_a(dict, summary, "the whole")
    for key in ("app", "commit", "command", "split"):
        check.field(summary, "", key, str)
    check.field(summary, "", "machine", (str, dict))
    check.field(summary, "", "date", str, optional=True)
    check.field(summary, "", "baseline_engine", str, optional=True)
    reference = check.field(summary, "", "reference", dict, optional=True)
    if reference is not None:
        check.field(reference, "reference", "name", str)
        _check_times(check, reference, "reference", "latency_ms")
    for number, seed in enumerate(check.field(summary, "", "seeds", list)):
        check.is_a(int, seed, f"seeds[{number}]")

    stages = check.field(summary, "", "stages", list)
    if not stages:
        check.fail("stages", "is empty; the original comes first")
    for number, stage in enumerate(stages):
        _check_stage(check, stage, f"stages[{number}]")
    names = [stage["stage"] for stage in stages]
    if names[0] != STAGES[0]:
        check.fail("stages[0].stage", f"is `{names[0]}`; the original comes first")
    if len(set(names)) < len(names):
        check.fail("stages", f"one stage comes twice: {', '.join(names)}")

    for number, other in enumerate(check.field(summary, "", "alternatives", list, optional=True) or []):
        where = f"alternatives[{number}]"
        check.is_a(dict, other, where)
        check.field(other, where, "name", str)
        _check_costs(check, other, where)
        _check_times(check, other, where, "end_to_end_ms")
        check.amount(other, where, "peak_rss_mb", optional=True)
    for name, table in (check.field(summary, "", "tables", dict, optional=True) or {}).items():
        _check_table(check, table, f"tables.{name}")
    return summary


def _check_table(check: "_Check", table: Any, where: str) -> None:
    check.is_a(dict, table, where)
    head = check.field(table, where, "head", list)
    for number, row in enumerate([head, *check.field(table, where, "rows", list)]):
        place = f"{where}.head" if not number else f"{where}.rows[{number - 1}]"
        check.is_a(list, row, place)
        for cell in row:
            check.is_a(str, cell, place)
        if len(row) != len(head):
            check.fail(place, f"has {len(row)} cells, the head has {len(head)}")


def _check_stage(check: "_Check", stage: Any, where: str) -> None:
    check.is_a(dict, stage, where)
    name = check.field(stage, where, "stage", str)
    if name not in STAGES and width_of(name) is None:
        check.fail(f"{where}.stage", f"`{name}` is none of {', '.join(STAGES)}{did_you_mean(name, STAGES)}")
    _check_costs(check, stage, where)
    for number, engine in enumerate(check.field(stage, where, "engines", list)):
        place = f"{where}.engines[{number}]"
        check.is_a(dict, engine, place)
        check.field(engine, place, "engine", str)
        check.field(engine, place, "precision", str)
        parity = check.field(engine, place, "parity", dict, optional=True)
        if parity is not None and "refused" not in parity and not isinstance(parity.get("passed"), bool):
            check.fail(f"{place}.parity", 'has neither "passed": true or false nor "refused": reason')
        if parity and "refused" in parity:
            check.field(parity, f"{place}.parity", "refused", str)
        for key in ("max_abs_diff", "agreement"):
            check.amount(parity or {}, f"{place}.parity", key, optional=True)
        for key in ("latency_ms", "end_to_end_ms"):
            _check_times(check, engine, place, key)
        check.amount(engine, place, "peak_rss_mb", optional=True)


def _check_costs(check: "_Check", row: dict, where: str) -> None:
    size = check.field(row, where, "size_bytes", int)
    if size <= 0:
        check.fail(f"{where}.size_bytes", f"must be positive, got {size}")
    for name, value in check.field(row, where, "metrics", dict).items():
        if value is not None:
            check.is_a((int, float), value, f"{where}.metrics.{name}")
            if not -1 <= value <= 1:
                check.fail(f"{where}.metrics.{name}", f"is {value}; metrics are fractions, 0.8 and not 80")


def _check_times(check: "_Check", row: dict, where: str, key: str) -> None:
    times = check.field(row, where, key, dict, optional=True)
    for percentile in ("p50", "p95") if times is not None else ():
        check.amount(times, f"{where}.{key}", percentile)


class _Check:
    """Looks up keys and fails with their path."""

    def __init__(self, source: str):
        self.source = source

    def fail(self, place: str, what: str) -> None:
        raise UserError(f"{self.source}: {place}: {what}; common/report/summary.py describes the form")

    def is_a(self, kind: type | tuple, value: Any, place: str) -> None:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            names = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
            self.fail(place, f"expected {names}, got {type(value).__name__} {str(value)[:40]!r}")

    def field(self, row: dict, where: str, key: str, kind: type | tuple, optional: bool = False) -> Any:
        place = f"{where}.{key}" if where else key
        if optional and row.get(key) is None:
            return None
        if key not in row:
            self.fail(place, f"missing; there are: {', '.join(row) or 'none'}")
        self.is_a(kind, row[key], place)
        return row[key]

    def amount(self, row: dict, where: str, key: str, optional: bool = False) -> None:
        value = self.field(row, where, key, (int, float), optional)
        if value is not None and not 0 <= value < float("inf"):
            self.fail(f"{where}.{key}", f"must be a number of 0 or more, got {value}")


# --- what the reports read out of a checked summary ---


def refusal(engine: dict) -> str | None:
    """Why the allow-list does not let this engine run at this precision, if so."""
    return (engine.get("parity") or {}).get("refused")


def passed(engine: dict) -> bool | None:
    """Whether the parity gate passed; None where the engine was refused or not compared."""
    return (engine.get("parity") or {}).get("passed")


def median(row: dict | None, key: str = "end_to_end_ms") -> float | None:
    """p50 in milliseconds of an engine's or alternative's "end_to_end_ms" or "latency_ms"."""
    return ((row or {}).get(key) or {}).get("p50")


def best_engine(stage: dict) -> dict | None:
    """The fastest engine that passed the gate: from text to answer, or of the model alone where that is absent."""
    good = [engine for engine in stage["engines"] if passed(engine)]
    for key in ("end_to_end_ms", "latency_ms"):
        timed = [engine for engine in good if median(engine, key) is not None]
        if timed:
            return min(timed, key=lambda engine: median(engine, key))
    return good[0] if good else None


def baseline(summary: dict) -> dict | None:
    """What speed and memory are compared with: the original on the baseline engine, else on its best one."""
    original = summary["stages"][0]
    name = summary.get("baseline_engine") or BASELINE_ENGINE
    for engine in original["engines"]:
        usable = passed(engine) is not False and refusal(engine) is None
        if engine["engine"] == name and usable and median(engine) is not None:
            return engine
    return best_engine(original)


def main_engine(summary: dict, stage: dict) -> dict | None:
    """The engine that speaks for a stage: the baseline for the original, the best one for what we made of it."""
    return baseline(summary) if stage is summary["stages"][0] else best_engine(stage)


def metric_names(summary: dict, *rows: dict) -> list[str]:
    """Every metric of the rows (all stages, where none are named), in the order of first mention."""
    return list(dict.fromkeys(name for row in (rows or summary["stages"]) for name in row["metrics"]))
