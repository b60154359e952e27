# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Split a corpus into train.txt, dev.txt and, if wanted, test.txt: whole dialogue sessions, seeded.

Shuffling rows (`shuf`, then head and tail) would put turns of one dialogue, often the same command said again, on both
sides and flatter the score. Corrections of misheard words, `<song>体验||体面</song>` in the published corpus, are
dropped, so that column 4 without its marks is the query.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from common import cli, files
from common.data.readers import read_columns, split_groups

CORRECTION = re.compile(r"\|\|[^<]*(?=</)")


@dataclass
class Options:
    """Split a corpus by dialogue session into train.txt, dev.txt and, with --test_fraction, test.txt."""

    corpus: Path = Path("data/corpus.train.txt")
    """Four tab-separated columns: session, query, intent, query with marked slots. Blank lines are passed over."""
    output_dir: Path = Path("data")
    """Folder for the parts."""
    dev_fraction: float = 0.2
    """Share of the rows for dev.txt."""
    test_fraction: float = 0.0
    """Share of the rows for test.txt; 0 writes none."""
    seed: int = 2018
    """Another seed gives another choice of sessions."""
    overwrite: bool = False
    """Replace parts that are already there."""
    skip_bad_lines: bool = False
    """Leave out lines that do not have four columns, and list them, instead of stopping at the first."""

    def __post_init__(self):
        if not 0 < self.dev_fraction < 1:
            raise cli.UserError(f"--dev_fraction must lie between 0 and 1, got {self.dev_fraction:g}")
        if not 0 <= self.test_fraction < 1 - self.dev_fraction:
            raise cli.UserError(
                f"--test_fraction must be at least 0 and leave rows for train.txt beside --dev_fraction "
                f"{self.dev_fraction:g}, got {self.test_fraction:g}"
            )


class Row(NamedTuple):
    """One line of the corpus."""

    session: str
    query: str
    intent: str
    marked: str


def main(options: Options) -> None:
    fractions = {"train": 1 - options.dev_fraction - options.test_fraction, "dev": options.dev_fraction}
    if options.test_fraction:
        fractions["test"] = options.test_fraction
    files.check_not_there(part_paths(options.output_dir, fractions), options.overwrite)
    rows, corrections = read_rows(options.corpus, options.skip_bad_lines)
    if corrections:
        print(f"{options.corpus}: dropped the corrections (`||…`) of {corrections} rows")
    write_parts(options.output_dir, split_by_session(rows, fractions, options.seed))


def read_rows(corpus: Path, skip_bad_lines: bool = False) -> tuple[list[Row], int]:
    """The corpus without corrections, and how many rows had one."""

    def parse(fields: list[str], where: str) -> Row:
        if not fields[0].strip():
            raise cli.UserError(f"{where}: the session (column 1) is empty; give each dialogue a name of its own")
        return Row(*fields)

    published = read_columns(corpus, 4, skip_bad_lines, parse)
    rows = [row._replace(marked=CORRECTION.sub("", row.marked)) for row in published]
    return rows, sum(row != other for row, other in zip(rows, published, strict=True))


def split_by_session(rows: Sequence[Row], fractions: Mapping[str, float], seed: int) -> dict[str, list[Row]]:
    """Parts by name; all turns of a session stay together and rows keep their order."""
    numbers = split_groups([row.session for row in rows], list(fractions.values()), seed)
    return {name: [rows[n] for n in part] for name, part in zip(fractions, numbers, strict=True)}


def write_parts(folder: Path, parts: Mapping[str, Sequence[Row]]) -> None:
    """Write `<name>.txt` for each part and print its rows, sessions and queries that also stand in `train`."""
    known = {row.query for row in parts["train"]}
    for path, (name, rows) in zip(part_paths(folder, parts), parts.items(), strict=True):
        files.write_text(path, "".join("\t".join(row) + "\n" for row in rows))
        line = f"{path}: {len(rows)} rows, {len({row.session for row in rows})} sessions"
        seen = sum(row.query in known for row in rows)
        print(line if name == "train" else f"{line}; {seen} rows have a query that also stands in train.txt")


def part_paths(folder: Path, names: Mapping[str, object]) -> list[Path]:
    return [Path(folder) / f"{name}.txt" for name in names]


if __name__ == "__main__":
    cli.run(main, Options)
