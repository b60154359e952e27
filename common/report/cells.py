# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""How figures are printed in the cells of the tables; what was not measured is a dash."""

from common.report.lookup import median, passed, refusal
from common.report.words import Words

NOTHING = "–"
MIB = 1 << 20


def number(value: float | None, pattern: str = "{:.2f}") -> str:
    return NOTHING if value is None else pattern.format(value)


def with_share(value: float | None, whole: float | None, pattern: str) -> str:
    """`5.40 (8 %)`: the value and what part of the original's it is."""
    if value is None or not whole:
        return number(value, pattern)
    return f"{pattern.format(value)} ({100 * value / whole:.0f} %)"


def size(row: dict, original: dict) -> str:
    """`4.27 (6 %)`: MiB, and the share of the original's."""
    return with_share(row["size_bytes"] / MIB, original["size_bytes"] / MIB, "{:.2f}")


def memory(row: dict | None, base: dict | None) -> str:
    """`67 (17 %)`: peak memory in MiB, and the share of the baseline's."""
    return with_share((row or {}).get("peak_rss_mb"), (base or {}).get("peak_rss_mb"), "{:.0f}")


def times(row: dict | None, key: str) -> str:
    """`0.36 / 0.57`: p50 and p95 in milliseconds."""
    spread = (row or {}).get(key)
    return NOTHING if spread is None else f"{spread['p50']:.2f} / {spread['p95']:.2f}"


def ratio(slow: float | None, fast: float | None) -> str:
    """`9.6`: how many times as fast."""
    return NOTHING if slow is None or not fast else f"{slow / fast:.1f}"


def time_and_ratio(row: dict | None, base: dict | None) -> str:
    """`0.36 (9.6 ×)`: p50 from end to end in milliseconds, and how many times as fast as the baseline."""
    own, before = median(row), median(base)
    if own is None or not before:
        return number(own)
    return f"{own:.2f} ({before / own:.1f} ×)"


def metric(row: dict, name: str, original: dict | None = None) -> str:
    """`80.12`, and `80.12 (-0.31)` where there is an original to compare with; both in percent."""
    value = row["metrics"].get(name)
    if value is None:
        return NOTHING
    before = None if original is None else original["metrics"].get(name)
    return f"{100 * value:.2f}" if before is None else f"{100 * value:.2f} ({100 * (value - before):+.2f})"


def engine_name(engine: dict | None) -> str:
    """`onnxruntime int8`"""
    return f"{engine['engine']} {engine['precision']}" if engine else NOTHING


def verdict(engine: dict, words: Words) -> str:
    """`passed`, `FAILED`, or `refused: why`, in the language of the words."""
    if refusal(engine) is not None:
        return f"{words.heading('refused')}{words.colon}{refusal(engine)}"
    ok = passed(engine)
    return NOTHING if ok is None else words.heading("passed" if ok else "failed")


def parity_count(stage: dict) -> str:
    """`5/6`: of the engines that were compared, how many passed."""
    compared = [engine for engine in stage["engines"] if passed(engine) is not None]
    return f"{sum(map(passed, compared))}/{len(compared)}" if compared else NOTHING
