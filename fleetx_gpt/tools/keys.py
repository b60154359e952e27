# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""List every key of a configuration with its default and what it means."""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli

from settings.build import described
from settings.load import Settings


@dataclass
class Options:
    """Keys, defaults, help."""

    below: str = ""
    """Only the keys that begin so, for example Compress.Prune."""


def main(options: Options) -> None:
    for key, default, text in described(Settings):
        if key.startswith(options.below):
            print(f"{key}: {default}\n    {text}")


if __name__ == "__main__":
    cli.run(main, Options)
