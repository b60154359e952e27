# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Take a seeded part of a data file, whole sentences, so that a machine of few cores can train on it in an hour."""

import random
from dataclasses import dataclass
from pathlib import Path

from common import cli, files


@dataclass
class Options:
    """Write --rows random sentences of --input to --output, in their order."""

    input: Path
    """A character, a tab and a tag per line; a blank line ends a sentence."""
    output: Path
    """The file to write."""
    rows: int
    """How many sentences; all of them where there are fewer."""
    seed: int = 2018
    """Another seed takes other sentences."""
    overwrite: bool = False
    """Replace the output if it is already there."""

    def __post_init__(self):
        if self.rows < 1:
            raise cli.UserError(f"--rows must be at least 1, got {self.rows}")


def main(options: Options) -> None:
    files.check_output(options.input, options.output, options.overwrite)
    text = files.read_text(options.input, "data file").replace("\r\n", "\n")
    blocks = [block.strip("\n") for block in text.split("\n\n") if block.strip("\n")]
    if not blocks:
        raise cli.UserError(f"{options.input}: no sentence in it; expected `character<TAB>tag` lines")
    order = list(range(len(blocks)))
    random.Random(options.seed).shuffle(order)
    chosen = [blocks[place] for place in sorted(order[: options.rows])]
    files.write_text(options.output, "\n\n".join(chosen) + "\n")
    print(f"{options.output}: {len(chosen)} of {len(blocks)} sentences, seed {options.seed}")


if __name__ == "__main__":
    cli.run(main, Options)
