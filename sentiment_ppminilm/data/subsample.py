# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Take a seeded part of a data file, so that a machine of few cores can train on it in an hour.

One text often comes with several aspects, each a row of its own. These rows are taken or left together: a row whose
text the model has met with another aspect says little about new texts.
"""

from dataclasses import dataclass
from pathlib import Path

from common import cli, files
from common.data.readers import read_columns, split_groups


@dataclass
class Options:
    """Write about --rows random rows of --input to --output, in their order and with whole texts."""

    input: Path
    """Three tab-separated columns: label, aspect, text. Blank lines are passed over."""
    output: Path
    """The file to write."""
    rows: int
    """How many rows. Texts stay whole, so it may be a few more or fewer; the last line printed says how many it is."""
    seed: int = 2018
    """Another seed takes other texts."""
    overwrite: bool = False
    """Replace the output if it is already there."""
    skip_bad_lines: bool = False
    """Leave out lines that do not have three columns, and list them, instead of stopping at the first."""

    def __post_init__(self):
        if self.rows < 1:
            raise cli.UserError(f"--rows must be at least 1, got {self.rows}")


def main(options: Options) -> None:
    files.check_output(options.input, options.output, options.overwrite)
    rows = read_columns(options.input, 3, options.skip_bad_lines)
    if options.rows > len(rows):
        raise cli.UserError(f"{options.input}: holds {len(rows)} rows, fewer than --rows {options.rows}; take fewer")
    chosen = subsample(rows, options.rows, options.seed)
    files.write_text(options.output, "".join("\t".join(row) + "\n" for row in chosen))
    texts, all_texts = (len({text for _, _, text in some}) for some in (chosen, rows))
    print(f"{options.output}: {len(chosen)} of {len(rows)} rows, {texts} of {all_texts} texts, seed {options.seed}")


def subsample(rows: list[list[str]], wanted: int, seed: int) -> list[list[str]]:
    """About `wanted` of the rows `[label, aspect, text]`, in their order; all rows of a text or none.

    Raises:
        UserError: too few texts to come near `wanted` with whole texts.
    """
    if wanted == len(rows):
        return rows
    share = wanted / len(rows)
    chosen, _ = split_groups([text for _, _, text in rows], (share, 1 - share), seed)
    return [rows[n] for n in chosen]


if __name__ == "__main__":
    cli.run(main, Options)
