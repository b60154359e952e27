# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""How the plots look: a colour and a marker for each stage, and a logarithmic axis with plain numbers."""

import math
from collections.abc import Sequence

from common.bundle.stage_names import width_of

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
MARKERS_OF_ALTERNATIVES = "PXvh<>p8"
MARKERS_OF_WIDTHS = "s^vDPXp"
GREY = "#8a8a8a"
GRID = "#e4e4e4"
FIGURE = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True}


def colour(stage: str) -> tuple[float, float, float]:
    """Red, green and blue, 0..1, of the stage's kind; of several widths the narrower is the darker."""
    from matplotlib.colors import to_rgb

    found = width_of(stage)
    kind = stage if found is None else "width_int8" if found.int8 else "width"
    brightness = 1.0 if found is None else 0.55 + 0.45 * found.width
    return tuple(brightness * part for part in to_rgb(COLOURS[kind]))


def marker(stage: str) -> str:
    """Of the stage's kind; of several widths (1, 5/6, 2/3, 1/2, …) each has its own, with INT8 in another colour."""
    found = width_of(stage)
    if found is None:
        return MARKERS[stage]
    return MARKERS_OF_WIDTHS[round(24 * found.width) % len(MARKERS_OF_WIDTHS)]


def plain_log_axis(panel, values: Sequence[float]) -> None:
    """Give the panel's horizontal axis a logarithmic scale with 1, 2, 5 steps written as plain numbers.

    Where these would be fewer than three ticks, every digit is a step.
    """
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
