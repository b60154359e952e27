# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Names of the stages that a model goes through, as folders, bundles and summaries carry them.

A stage is what one step of compression left behind: `original`, `vocabulary`, `width`, `int8`, `embedding`,
`width_int8`. Where one training gives several widths, each is called by its own: `width_0.6667`, `width_0.6667_int8`.
"""

import re
from typing import NamedTuple

STAGES = ("original", "vocabulary", "width", "int8", "embedding", "width_int8")
"""In the order in which they are made, where an app does not say otherwise."""
NAME_OF_WIDTH = re.compile(r"width_(0\.\d{1,4}|1)(_int8)?")


class WidthStage(NamedTuple):
    """What the name of a stage such as `width_0.6667_int8` says."""

    width: float
    """Share of the heads and feed-forward neurons that are kept, above 0 and at most 1."""
    int8: bool
    """Whether the matrix products are INT8."""


def width_stage(width: float, int8: bool = False) -> str:
    """Name of the stage, and of the folder, of one of several widths: 2/3 is `width_0.6667`."""
    return f"width_{width:.4g}" + ("_int8" if int8 else "")


def width_of(stage: str) -> WidthStage | None:
    """What a name that `width_stage` made says; None for any other name."""
    found = NAME_OF_WIDTH.fullmatch(stage)
    return WidthStage(float(found[1]), found[2] is not None) if found and float(found[1]) else None
