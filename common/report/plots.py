# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Plots of a summary: accuracy against size and latency, cost per stage, every engine's latency."""

import math
from pathlib import Path

from common.bundle.stage_names import width_of
from common.report.summary import main_engine, median, metric_names, passed
from common.report.table import word

MIB = 1 << 20
# Okabe and Ito's colours, which colour-blind readers tell apart; each stage has a marker of its own as well.
COLOURS = {
    "original": "#000000",
    "vocabulary": "#0072B2",
    "width": "#009E73",
    "int8": "#E69F00",
    "embedding": "#D55E00",
    "width_int8": "#CC79A7",
}
MARKERS = {"original": "o", "vocabulary": "s", "width": "^", "int8": "D", "embedding": "*", "width_int8": "v"}
OTHER_MARKERS = "PXvh<>p8"
WIDTH_MARKERS = "s^vDPXp"
GREY = "#8a8a8a"


def colour(stage: str) -> tuple[float, float, float]:
    """Of the stage's kind; of several widths the narrower is the darker."""
    from matplotlib.colors import to_rgb

    width = width_of(stage)
    kind = stage if width is None else "width_int8" if width[1] else "width"
    share = 1.0 if width is None else 0.55 + 0.45 * width[0]
    return tuple(share * part for part in to_rgb(COLOURS[kind]))


def marker(stage: str) -> str:
    """Of the stage's kind; of several widths (1, 5/6, 2/3, 1/2, …) each has its own, with INT8 in another colour."""
    width = width_of(stage)
    if width is None:
        return MARKERS[stage]
    return WIDTH_MARKERS[round(24 * width[0]) % len(WIDTH_MARKERS)]


def plots(summary: dict, folder: Path | str) -> list[Path]:
    """Write PNG files; a plot that has nothing to show is left out.

    Returns:
        The files in reading order: accuracy_size_latency.png, size_memory.png, engines.png.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    style = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True}
    written = []
    for draw in (accuracy_size_latency, size_memory, engines):
        with pyplot.rc_context(style):
            figure = draw(summary, pyplot)
            if figure is None:
                continue
            written.append(folder / f"{draw.__name__}.png")
            figure.savefig(written[-1], dpi=144, bbox_inches="tight")
            pyplot.close(figure)
    return written


def accuracy_size_latency(summary: dict, pyplot):
    """Two panels with one vertical axis. Names stand in a legend below, so that close points hide no label."""
    names = metric_names(summary)
    if not names:
        return None
    name = names[0]
    rows = []
    for stage in summary["stages"]:
        style = {"color": colour(stage["stage"]), "marker": marker(stage["stage"])}
        rows.append((word(stage["stage"], "en"), stage, median(main_engine(summary, stage)), style))
    for number, other in enumerate(summary.get("alternatives") or []):
        style = {"facecolors": "none", "edgecolors": GREY, "linewidths": 1.6}
        style["marker"] = OTHER_MARKERS[number % len(OTHER_MARKERS)]
        rows.append((other["name"], other, median(other), style))
    scored = [
        (label, row["size_bytes"] / MIB, latency, 100 * row["metrics"][name], style)
        for label, row, latency, style in rows
        if row["metrics"].get(name) is not None
    ]
    if not scored:
        return None

    figure, panels = pyplot.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    titles = ("size of the model files, MiB", "end to end, text to answer, p50 in ms")
    for column, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        points = [(label, (size, latency)[column], score, style) for label, size, latency, score, style in scored]
        points = [point for point in points if point[1] is not None]
        path = [point for point in points if "edgecolors" not in point[3]]
        panel.plot([point[1] for point in path], [point[2] for point in path], color=GREY, linewidth=1, zorder=1)
        for label, x, score, style in points:
            size = 170 if style["marker"] == "*" or "edgecolors" in style else 80
            panel.scatter(x, score, s=size, label=label, zorder=3, **style)
        _plain_log_axis(panel, [point[1] for point in points])
        panel.set_xlabel(title)
        panel.grid(color="#e4e4e4")
    panels[0].set_ylabel(word(name, "en"))
    low, high = min(point[3] for point in scored), max(point[3] for point in scored)
    margin = max(0.15 * (high - low), 0.25)
    panels[0].set_ylim(low - margin, high + margin)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, frameon=False)
    figure.suptitle(f"{summary['app']}: towards the upper left is better")
    figure.tight_layout()
    return figure


def _plain_log_axis(panel, values: list[float]) -> None:
    """A logarithmic axis with 1, 2, 5 steps written as plain numbers; on a short one every digit is a step."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    if not values:
        return
    low, high = min(values) / 1.25, max(values) * 1.25
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
        ticks = [tick for tick in (step * 10.0**decade for decade in decades for step in steps) if low <= tick <= high]
        if len(ticks) > 2:
            break
    panel.set_xscale("log")
    panel.set_xlim(low, high)
    panel.xaxis.set_major_locator(FixedLocator(ticks))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_locator(NullLocator())


def size_memory(summary: dict, pyplot):
    """Size of the files and peak memory of the best engine, per stage."""
    stages = summary["stages"]
    peaks = [(main_engine(summary, stage) or {}).get("peak_rss_mb") for stage in stages]
    panels = [("model files, MiB", [stage["size_bytes"] / MIB for stage in stages], "{:.2f}")]
    if any(peak is not None for peak in peaks):
        panels.append(("peak memory of the process, MB", peaks, "{:.0f}"))
    figure, axes = pyplot.subplots(1, len(panels), figsize=(5 * len(panels), 0.5 * len(stages) + 1.1), squeeze=False)
    for axis, (title, values, pattern) in zip(axes[0], panels, strict=True):
        bars = axis.barh(
            [word(stage["stage"], "en") for stage in stages],
            [value or 0 for value in values],
            color=[colour(stage["stage"]) for stage in stages],
            height=0.65,
        )
        texts = ["not measured" if value is None else pattern.format(value) for value in values]
        axis.bar_label(bars, texts, padding=4)
        axis.invert_yaxis()
        axis.margins(x=0.18)
        axis.set_xlabel(title)
        axis.grid(axis="x", color="#e4e4e4")
    for axis in axes[0][1:]:
        axis.set_yticklabels([])
    figure.tight_layout()
    return figure


def engines(summary: dict, pyplot):
    """One bar per stage and engine that was timed: p50, with a whisker to p95. Hatched where the parity gate failed."""
    from matplotlib.patches import Patch

    rows = []
    for stage in summary["stages"]:
        for engine in stage["engines"]:
            spread = engine.get("end_to_end_ms") or engine.get("latency_ms")
            if spread:
                rows.append((stage["stage"], engine, spread))
    if not rows:
        return None
    figure, axis = pyplot.subplots(figsize=(9, 0.27 * len(rows) + 0.2 * len(summary["stages"]) + 1.2))
    places, place, before = [], 0.0, rows[0][0]
    for stage, _, _ in rows:
        place += 0.6 if stage != before else 0  # a gap between stages
        places.append(place)
        place, before = place + 1, stage
    widest = max(spread["p95"] for _, _, spread in rows)
    for at, (stage, engine, spread) in zip(places, rows, strict=True):
        failed = passed(engine) is False
        axis.barh(
            at,
            spread["p50"],
            height=0.75,
            color="white" if failed else colour(stage),
            edgecolor=colour(stage),
            hatch="////" if failed else None,
        )
        axis.plot([spread["p50"], spread["p95"]], [at, at], color=GREY, linewidth=1.5, marker="|", markevery=[1])
        only_model = "" if engine.get("end_to_end_ms") else ", model alone"
        note = f"{spread['p50']:.2f}{only_model}{', parity failed' if failed else ''}"
        axis.text(max(spread["p50"], spread["p95"]) + 0.012 * widest, at, note, va="center", fontsize=9)
    axis.set_yticks(places, [f"{engine['engine']} {engine['precision']}" for _, engine, _ in rows])
    axis.set_ylim(places[-1] + 0.7, -0.7)
    axis.set_xlim(0, 1.18 * widest)
    axis.set_xlabel("end to end, text to answer, ms (bar p50, whisker p95)")
    axis.grid(axis="x", color="#e4e4e4")
    shown = list(dict.fromkeys(stage for stage, _, _ in rows))
    handles = [Patch(color=colour(stage), label=word(stage, "en")) for stage in shown]
    axis.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return figure
