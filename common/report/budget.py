# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which stage of a measured summary keeps to a budget, and why that one.

    python -m common.report.budget results/glue_ofa.json --budget "size_mb<=60" "metric_drop<=0.5"

A budget is one of: `latency_ms<=X` (the model alone, p50, on the stage's fastest engine that passed), `size_mb<=X`
(MiB, as the tables have it), `metric_drop<=Y` (points below the original in the main metric; 0.3 is 0.3 %). Several
must all hold.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common import cli, files
from common.cli import UserError, did_you_mean
from common.report.cells import MIB
from common.report.lookup import best_engine, median, metric_names
from common.report.summary import check_summary

import tyro

UNITS = {"latency_ms": "ms", "size_mb": "MiB", "metric_drop": "points"}
FORM = re.compile(r"\s*([A-Za-z_]+)\s*<=\s*(\S+)\s*")


@dataclass(frozen=True)
class Budget:
    """`kind`, one of UNITS, must be at most `limit`."""

    kind: str
    limit: float


@dataclass(frozen=True)
class Costs:
    """What a budget is compared with, of one stage."""

    stage: str
    latency_ms: float | None
    """The model alone, p50 on the fastest engine that passed; None where no engine was timed."""
    size_mb: float
    """MiB of the model files."""
    metric_drop: float | None
    """Points (percent) below the original; None where the metric was not measured."""

    def text(self) -> str:
        """`latency_ms 20.00, size_mb 60.00, metric_drop 0.30`, without what was not measured."""
        parts = [(kind, getattr(self, kind)) for kind in UNITS]
        return ", ".join(f"{kind} {value:.2f}" for kind, value in parts if value is not None)


@dataclass(frozen=True)
class Choice:
    """The stage that is taken, and one sentence that says why."""

    stage: str
    why: str


def parse(word: str, flag: str = "--budget") -> Budget:
    """Read a budget such as `size_mb<=60`.

    Raises:
        UserError: another form, an unknown kind, or no number.
    """
    found = FORM.fullmatch(word)
    if not found:
        raise UserError(f'{flag}: `{word}` is no budget; write for example "size_mb<=60"')
    kind, limit = found[1], found[2]
    if kind not in UNITS:
        raise UserError(f"{flag}: `{kind}`{did_you_mean(kind, UNITS)} is none of {', '.join(UNITS)}")
    try:
        value = float(limit)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf") or (value <= 0 and kind != "metric_drop"):
        raise UserError(f"{flag}: `{limit}` in `{word}` is no number that could be kept to")
    return Budget(kind, value)


def costs(summary: dict, metric: str | None = None) -> list[Costs]:
    """What every stage of a checked summary costs; `metric` None takes the first one.

    Raises:
        UserError: a metric that the original does not have.
    """
    names = metric_names(summary)
    if metric is not None and metric not in names:
        raise UserError(f"--metric: `{metric}`{did_you_mean(metric, names)}; there are {', '.join(names)}")
    name = metric or next(iter(names), None)
    before = summary["stages"][0]["metrics"].get(name)
    found = []
    for stage in summary["stages"]:
        score = stage["metrics"].get(name)
        drop = None if score is None or before is None else 100 * (before - score)
        latency = median(best_engine(stage), "latency_ms")
        found.append(Costs(stage["stage"], latency, stage["size_bytes"] / MIB, drop))
    return found


def choose(
    summary: dict, budgets: Sequence[Budget], metric: str | None = None, among: Collection[str] | None = None
) -> Choice:
    """The stage to take: of those within every budget the most accurate, or the fastest where accuracy is the budget.

    Ties go to the faster, then to the smaller one.

    Args:
        summary: checked, its metrics measured on one split.
        among: names of the stages to choose from; None means all.

    Raises:
        UserError: no stage keeps to the budgets (the message names the nearest), or no stage was measured for them.
    """
    candidates = [each for each in costs(summary, metric) if among is None or each.stage in among]
    name = metric or next(iter(metric_names(summary)), "metric")
    for budget in budgets:
        if all(getattr(each, budget.kind) is None for each in candidates):
            raise UserError(f"--budget: {budget.kind} was measured of none of {', '.join(c.stage for c in candidates)}")
    within = [each for each in candidates if all(_keeps(each, budget) for budget in budgets)]
    if not within:
        nearest = min(candidates, key=lambda each: sum(_excess(each, budget) for budget in budgets))
        raise UserError(
            f"--budget: no stage keeps to {_format(budgets)}; the nearest is {nearest.stage} ({nearest.text()})"
        )
    fastest = any(budget.kind == "metric_drop" for budget in budgets)

    def order(each: Costs) -> tuple[float, ...]:
        latency, drop = (float("inf") if value is None else value for value in (each.latency_ms, each.metric_drop))
        return (latency, each.size_mb, drop) if fastest else (drop, latency, each.size_mb)

    best = min(within, key=order)
    quality = "the fastest" if fastest else f"the best in {name}"
    counts = f"{len(within)} of {len(candidates)} stages"
    return Choice(
        best.stage,
        f"{best.stage}: {quality} of {counts} within {_format(budgets)} ({best.text()})",
    )


def _keeps(each: Costs, budget: Budget) -> bool:
    value = getattr(each, budget.kind)
    return value is not None and value <= budget.limit + 1e-9


def _excess(each: Costs, budget: Budget) -> float:
    """How far beyond the limit, as a share of it."""
    value = getattr(each, budget.kind)
    return float("inf") if value is None else max(0.0, value - budget.limit) / max(abs(budget.limit), 0.1)


def _format(budgets: Sequence[Budget]) -> str:
    return " and ".join(f"{budget.kind}<={budget.limit:g} {UNITS[budget.kind]}" for budget in budgets)


@dataclass
class Options:
    """Print which stage of a summary keeps to a budget, and why."""

    summary: tyro.conf.Positional[Path]
    """The file that a benchmark wrote."""
    budget: list[str] = field(default_factory=list)
    """One or more of "latency_ms<=X", "size_mb<=X", "metric_drop<=Y"."""
    metric: str | None = None
    """Which metric; the first one of the summary if not given."""

    def __post_init__(self):
        if not self.budget:
            raise UserError('--budget is needed, for example --budget "size_mb<=60"')


def main(options: Options) -> None:
    summary = check_summary(files.read_json(options.summary, "summary"), str(options.summary))
    budgets = [parse(word) for word in options.budget]
    for each in costs(summary, options.metric):
        print(f"  {each.stage:20} {each.text()}")
    print(choose(summary, budgets, options.metric).why)


if __name__ == "__main__":
    cli.run(main, Options)
