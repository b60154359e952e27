# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the reports read out of a checked summary: verdicts, medians, and which engine stands for a stage."""

BASELINE_ENGINE = "paddle"


def refusal(engine: dict) -> str | None:
    """Why the allow-list does not let this engine run at this precision; None where it does."""
    return (engine.get("parity") or {}).get("refused")


def passed(engine: dict) -> bool | None:
    """Whether the parity gate passed; None where the engine was refused or not compared."""
    return (engine.get("parity") or {}).get("passed")


def median(row: dict | None, key: str = "end_to_end_ms") -> float | None:
    """p50 in milliseconds of an engine's or alternative's "end_to_end_ms" or "latency_ms"; None if not measured."""
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
    """The engine that stands for a stage: the baseline for the original, the best one for every stage after it."""
    return baseline(summary) if stage is summary["stages"][0] else best_engine(stage)


def metric_names(summary: dict, *rows: dict) -> list[str]:
    """Every metric of the rows (all stages, where none are named), in the order of first mention."""
    return list(dict.fromkeys(name for row in (rows or summary["stages"]) for name in row["metrics"]))
