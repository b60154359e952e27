# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Small checks that the settings' dataclasses share."""

from typing import Any

from fleetx.settings.build import BadValue


def at_least(settings: Any, least: float, *names: str) -> None:
    """Raises `BadValue` for the first of the fields below `least`; None passes."""
    for name in names:
        value = getattr(settings, name)
        if value is not None and not value >= least:
            raise BadValue(name, f"must be at least {least:g}, got {value:g}")


def above(settings: Any, bound: float, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not value > bound:
            raise BadValue(name, f"must be above {bound:g}, got {value:g}")


def share(settings: Any, *names: str, whole: bool = False) -> None:
    """Raises `BadValue` for what is not in [0, 1), or in [0, 1] with `whole`."""
    for name in names:
        value = getattr(settings, name)
        if not (0 <= value < 1 or (whole and value == 1)):
            raise BadValue(name, f"must be in [0, 1{']' if whole else ')'}, got {value:g}")
