# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A configuration file and its overrides as checked settings."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fleetx.settings import consistency, document, tree
from fleetx.settings.build import build
from fleetx.settings.settings import Settings


def to_stderr(message: str) -> None:
    if os.environ.get("PADDLE_TRAINER_ID", "0") == "0":  # of several processes one is enough
        print(f"warning: {message}", file=sys.stderr, flush=True)


def load(path: Path | str, overrides: Iterable[str] = (), warn: Callable[[str], None] = to_stderr) -> Settings:
    """Read, merge, override, build and check.

    Args:
        path: a YAML file.
        overrides: `Key.sub=value` words; later ones win.
        warn: told of what is taken although it is written otherwise than it should be.

    Raises:
        UserError: one line with key, place and how to mend it.
    """
    keys = tree.read(path)
    document.settle(keys, warn)
    tree.override(keys, overrides)
    document.settle(keys, warn)
    _complete_teacher(keys)
    settings = build(Settings, keys)
    settings.places = dict(tree.walk(keys))
    consistency.check(settings, warn)
    return settings


def _complete_teacher(keys: tree.Section) -> None:
    """What `Teacher.Model` does not say is the student's."""
    below: Any = keys
    for name in ("Compress", "Distillation", "Teacher"):
        below = below.get(name) if isinstance(below, tree.Section) else None
    if isinstance(below, tree.Section) and isinstance(below.get("Model"), tree.Section):
        whole = tree.Section()
        if isinstance(keys.get("Model"), tree.Section):
            tree.merge(whole, keys["Model"])
        tree.merge(whole, below["Model"])
        below.put("Model", whole, below.places["Model"])
