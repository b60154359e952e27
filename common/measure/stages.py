# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The bundles that a measurement compares, one per stage, as `--stages original=FOLDER int8=FOLDER …` names them."""

from collections.abc import Sequence
from pathlib import Path

from common.bundle.bundle import Bundle, read_bundle
from common.bundle.stage_names import STAGES, width_of
from common.cli import UserError, did_you_mean


def read_stages(words: Sequence[str], flag: str, task: str, order: Sequence[str] = STAGES) -> dict[str, Bundle]:
    """`original=FOLDER …` as checked bundles of the task, by the name of their stage.

    Args:
        flag: the flag that the words were given with, for messages.
        order: the app's stages, as they are made one after the other. `width` (and `width_int8`) in it stands also for
            any `width_0.6667`, the widest first.

    Raises:
        UserError: not of this form, an unknown stage, one twice or out of order, or a bundle of another stage.
    """
    bundles: dict[str, Bundle] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        if not equals or not folder:
            raise UserError(f"{flag}: `{word}` is not STAGE=FOLDER; write for example original=output/original/bundle")
        place = place_in(order, name)
        if place is None:
            raise UserError(f"{flag}: `{name}`{did_you_mean(name, order)} is no stage; there are {', '.join(order)}")
        if any(place_in(order, before) >= place for before in bundles):
            last = list(bundles)[-1]
            raise UserError(f"{flag}: {name} after {last}; give each once, in the order {', '.join(order)}")
        bundle = read_bundle(Path(folder).resolve(), task=task)
        if bundle.stage != name:
            raise UserError(f"{flag}: {folder} was exported as the stage `{bundle.stage}`, not as `{name}`")
        bundles[name] = bundle
    return bundles


def place_in(order: Sequence[str], name: str) -> tuple[int, float] | None:
    """Where a stage stands in an app's order: less is earlier, and of several widths the wider is. None for others."""
    if name in order:
        return order.index(name), 0.0
    stage = width_of(name)
    if stage is None:
        return None
    kind = "width_int8" if stage.int8 else "width"
    return (order.index(kind), -stage.width) if kind in order else None


def require_original(bundles: dict[str, Bundle], flag: str) -> Bundle:
    """The first stage, which everything is compared with. Raises `UserError` where another one comes first."""
    if not bundles or next(iter(bundles)) != STAGES[0]:
        raise UserError(f"{flag}: the original comes first: {flag} {STAGES[0]}=FOLDER …")
    return bundles[STAGES[0]]
