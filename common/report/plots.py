# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Plots of a summary: accuracy against size and latency, cost per stage, every engine's latency.

Each function that draws takes the summary and `matplotlib.pyplot`, which is imported late because it is slow to load.
It returns a figure, or None where there is nothing to show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.report.cells import MIB, engine_name
from common.report.lookup import main_engine, median, metric_names, passed
from common.report.plot_style import FIGURE, GREY, GRID, MARKERS_OF_ALTERNATIVES, colour, marker, plain_log_axis
from common.report.words import Words, words_for


@dataclass(frozen=True)
class Point:
    """One stage or alternative in a plot."""

    label: str
    size: float
    """MiB."""
    latency: float | None
    """From end to end, p50 in milliseconds; None where it was not measured."""
    score: float
    """The main metric, in percent."""
    marker: str
    stage: str | None
    """None for an alternative, which is drawn hollow."""


@dataclass(frozen=True)
class Bar:
    """One engine at one stage in the plot of engines."""

    stage: str
    engine: dict
    times: dict
    """p50 and p95 in milliseconds."""


def draw(summary: dict, folder: Path) -> list[Path]:
    """Write PNG files; a plot that has nothing to show is left out.

    Returns:
        The files in reading order: accuracy_size_latency.png, size_memory.png, engines.png.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for function in (accuracy_size_latency, size_memory, engines):
        with pyplot.rc_context(FIGURE):
            figure = function(summary, pyplot)
            if figure is None:
                continue
            written.append(folder / f"{function.__name__}.png")
            figure.savefig(written[-1], dpi=144, bbox_inches="tight")
            pyplot.close(figure)
    return written


def accuracy_size_latency(summary: dict, pyplot):
    """Two panels with one vertical axis. Names stand in a legend below, so that close points hide no label."""
    words, names = words_for(summary["app"], "en"), metric_names(summary)
    points = points_of(summary, names[0], words) if names else []
    if not points:
        return None
    figure, (by_size, by_latency) = pyplot.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    timed = [point for point in points if point.latency is not None]
    _scatter(by_size, points, [point.size for point in points])
    _scatter(by_latency, timed, [point.latency for point in timed])
    by_size.set_xlabel("size of the model files, MiB")
    by_latency.set_xlabel("end to end, text to answer, p50 in ms")
    by_size.set_ylabel(words.heading(names[0]))
    low, high = min(point.score for point in points), max(point.score for point in points)
    margin = max(0.15 * (high - low), 0.25)
    by_size.set_ylim(low - margin, high + margin)
    handles, labels = by_size.get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, frameon=False)
    figure.suptitle(f"{summary['app']}: towards the upper left is better")
    figure.tight_layout()
    return figure


def points_of(summary: dict, metric: str, words: Words) -> list[Point]:
    """Stages and alternatives that have the metric."""

    def point(label: str, row: dict, engine: dict | None, marker: str, stage: str | None) -> Point | None:
        score = row["metrics"].get(metric)
        if score is None:
            return None
        return Point(label, row["size_bytes"] / MIB, median(engine), 100 * score, marker, stage)

    points = []
    for row in summary["stages"]:
        name = row["stage"]
        points.append(point(words.heading(name), row, main_engine(summary, row), marker(name), name))
    for number, row in enumerate(summary.get("alternatives") or []):
        sign = MARKERS_OF_ALTERNATIVES[number % len(MARKERS_OF_ALTERNATIVES)]
        points.append(point(row["name"], row, row, sign, None))
    return [each for each in points if each is not None]


def _scatter(panel, points: Sequence[Point], places: Sequence[float]) -> None:
    """Points at these horizontal places; a line joins the stages in their order."""
    path = [(x, point.score) for point, x in zip(points, places, strict=True) if point.stage]
    panel.plot([x for x, _ in path], [score for _, score in path], color=GREY, linewidth=1, zorder=1)
    for point, x in zip(points, places, strict=True):
        hollow = {"facecolors": "none", "edgecolors": GREY, "linewidths": 1.6}
        look = {"color": colour(point.stage)} if point.stage else hollow
        size = 170 if point.marker == "*" or not point.stage else 80
        panel.scatter(x, point.score, s=size, label=point.label, zorder=3, marker=point.marker, **look)
    plain_log_axis(panel, places)
    panel.grid(color=GRID)


def size_memory(summary: dict, pyplot):
    """Size of the files and peak memory of the best engine, per stage."""
    stages, words = summary["stages"], words_for(summary["app"], "en")
    peaks = [(main_engine(summary, stage) or {}).get("peak_rss_mb") for stage in stages]
    panels = [("model files, MiB", [stage["size_bytes"] / MIB for stage in stages], "{:.2f}")]
    if any(peak is not None for peak in peaks):
        panels.append(("peak memory of the process, MiB", peaks, "{:.0f}"))
    figure, axes = pyplot.subplots(1, len(panels), figsize=(5 * len(panels), 0.5 * len(stages) + 1.1), squeeze=False)
    for axis, (title, values, pattern) in zip(axes[0], panels, strict=True):
        bars = axis.barh(
            [words.heading(stage["stage"]) for stage in stages],
            [value or 0 for value in values],
            color=[colour(stage["stage"]) for stage in stages],
            height=0.65,
        )
        texts = ["not measured" if value is None else pattern.format(value) for value in values]
        axis.bar_label(bars, texts, padding=4)
        axis.invert_yaxis()
        axis.margins(x=0.18)
        axis.set_xlabel(title)
        axis.grid(axis="x", color=GRID)
    for axis in axes[0][1:]:
        axis.set_yticklabels([])
    figure.tight_layout()
    return figure


def engines(summary: dict, pyplot):
    """One bar per stage and engine that was timed: p50, with a whisker to p95. Hatched where the parity gate failed."""
    from matplotlib.patches import Patch

    words, bars = words_for(summary["app"], "en"), bars_of(summary)
    if not bars:
        return None
    figure, axis = pyplot.subplots(figsize=(9, 0.27 * len(bars) + 0.2 * len(summary["stages"]) + 1.2))
    places, widest = _places(bars), max(bar.times["p95"] for bar in bars)
    for place, bar in zip(places, bars, strict=True):
        _draw_bar(axis, bar, place, widest)
    axis.set_yticks(places, [engine_name(bar.engine) for bar in bars])
    axis.set_ylim(places[-1] + 0.7, -0.7)
    axis.set_xlim(0, 1.18 * widest)
    axis.set_xlabel("end to end, text to answer, ms (bar p50, whisker p95)")
    axis.grid(axis="x", color=GRID)
    shown = list(dict.fromkeys(bar.stage for bar in bars))
    handles = [Patch(color=colour(stage), label=words.heading(stage)) for stage in shown]
    axis.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return figure


def bars_of(summary: dict) -> list[Bar]:
    """Engines that were timed from end to end, or, where that is absent, the model alone."""
    bars = []
    for stage in summary["stages"]:
        for engine in stage["engines"]:
            times = engine.get("end_to_end_ms") or engine.get("latency_ms")
            if times:
                bars.append(Bar(stage["stage"], engine, times))
    return bars


def _places(bars: Sequence[Bar]) -> list[float]:
    """Where each bar goes on the vertical axis: 1 apart, with a gap of 0.6 more between stages."""
    places, place = [], 0.0
    for number, bar in enumerate(bars):
        place += 0.6 if number and bar.stage != bars[number - 1].stage else 0
        places.append(place)
        place += 1
    return places


def _draw_bar(axis, bar: Bar, place: float, widest: float) -> None:
    failed, p50, p95 = passed(bar.engine) is False, bar.times["p50"], bar.times["p95"]
    fill = "white" if failed else colour(bar.stage)
    axis.barh(place, p50, height=0.75, color=fill, edgecolor=colour(bar.stage), hatch="////" if failed else None)
    axis.plot([p50, p95], [place, place], color=GREY, linewidth=1.5, marker="|", markevery=[1])
    only_model = "" if bar.engine.get("end_to_end_ms") else ", model alone"
    note = f"{p50:.2f}{only_model}{', parity failed' if failed else ''}"
    axis.text(max(p50, p95) + 0.012 * widest, place, note, va="center", fontsize=9)
