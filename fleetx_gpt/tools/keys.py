# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""List every key of a configuration with its default and what it means."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli

from fleetx.settings.build import described
from fleetx.settings.settings import Settings


@dataclass
class Options:
    """Keys, defaults, help."""

    below: str = ""
    """Only the keys that begin so, for example Compress.Prune."""
    markdown: bool = False
    """As a table for KEYS.md."""


def main(options: Options) -> None:
    if options.markdown:
        print("| key | default | |\n|---|---|---|")
    for key, default, text in described(Settings):
        if not key.startswith(options.below):
            continue
        if options.markdown:
            print(f"| `{key}` | {spelled(default)} | {text} |".replace("|  |", "| |"))
        else:
            print(f"{key}: {default}\n    {text}")


def spelled(default: Any) -> str:
    """As YAML has it."""
    if default is None or default in ((), {}):
        return ""
    return f"`{list(default)}`".replace("'", "") if isinstance(default, tuple) else f"`{default}`"


if __name__ == "__main__":
    cli.run(main, Options)
