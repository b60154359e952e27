# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the apps' readers share: label files, tab-separated lines with one bad-line policy, splits by group, hashes.

Lines end in LF or CRLF; a byte-order mark is dropped. Other line-like characters (U+2028, form feed) are text.
"""

import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from common import files
from common.cli import UserError

T = TypeVar("T")
BAD_LINES_SHOWN = 10


@dataclass(frozen=True)
class Span:
    """A named stretch of a text: characters [start, end), counted in code points."""

    kind: str
    start: int
    end: int


def read_labels(path: Path | str) -> list[str]:
    """One label a line; a label's line number less one is its id.

    Raises:
        UserError: an empty file, a blank line, a label that stands twice, has white space at its ends or a tab in it.
    """
    labels: list[str] = []
    for where, label in _lines(path, "label file"):
        if not label.strip():
            raise UserError(f"{where}: blank line in a label file; delete it")
        if label != label.strip():
            raise UserError(f"{where}: white space before or after the label `{label.strip()}`; delete it")
        if not label.isprintable():
            raise UserError(f"{where}: {label!r} holds a tab or another control character; write the label alone")
        if label in labels:
            raise UserError(f"{where}: label `{label}` stands already in line {labels.index(label) + 1}; delete one")
        labels.append(label)
    if not labels:
        raise UserError(f"{path}: the label file is empty; write one label a line")
    return labels


def read_tag_labels(path: Path | str) -> list[str]:
    """Labels of a tagger: `O`, and `B-x` with `I-x` for each kind x.

    Raises:
        UserError: what `read_labels` raises; no `O`; `x-B` for `B-x`; another prefix; half of a pair.
    """
    tags = read_labels(path)
    for line, tag in enumerate(tags, 1):
        turned = re.fullmatch(r"(.+)-([BI])", tag)
        if tag == "O" or re.fullmatch(r"[BI]-.+", tag):
            continue
        if turned:
            raise UserError(f"{path}:{line}: the prefix of `{tag}` stands last; write `{turned[2]}-{turned[1]}`")
        raise UserError(f"{path}:{line}: `{tag}` is no tag; write `O`, `B-<kind>` or `I-<kind>`")
    if "O" not in tags:
        raise UserError(f"{path}: no label `O` for what lies outside; add a line `O`")
    for line, tag in enumerate(tags, 1):
        other = {"B": "I", "I": "B"}.get(tag[0], "") + tag[1:]
        if tag != "O" and other not in tags:
            raise UserError(f"{path}:{line}: `{tag}` without `{other}`; add a line `{other}`")
    return tags


def kinds_of(tags: Sequence[str]) -> list[str]:
    """The kinds behind the `B-` tags, in their order."""
    return [tag[2:] for tag in tags if tag.startswith("B-")]


def as_fields(fields: list[str], where: str) -> Any:
    return fields


def read_columns(
    path: Path | str,
    count: int,
    skip_bad_lines: bool = False,
    parse: Callable[[list[str], str], T] = as_fields,
) -> list[T]:
    """Read lines of `count` tab-separated fields. Quotes are ordinary characters; empty lines are passed over.

    Args:
        parse: gets the fields of a line and its place (`file:line`); raises `UserError` where the line is bad.
        skip_bad_lines: leave bad lines out and say on stderr how many, with the first ten; otherwise the first one ends
            the reading.

    Raises:
        UserError: a bad line, no good line at all, or a file that is missing or not UTF-8.
    """
    rows: list[T] = []
    bad: list[str] = []
    for where, line in _lines(path, "data file"):
        if not line.strip(" "):
            continue
        fields = line.split("\t")
        try:
            if len(fields) != count:
                raise UserError(f"{where}: expected {count} tab-separated fields, got {len(fields)}")
            rows.append(parse(fields, where))
        except UserError as fault:
            if not skip_bad_lines:
                raise UserError(f"{fault}; mend the line, or leave such lines out with --skip_bad_lines") from None
            bad.append(str(fault))
    if bad:
        shown = "" if len(bad) <= BAD_LINES_SHOWN else f", the first {BAD_LINES_SHOWN}"
        print(f"{path}: left out {len(bad)} of {len(bad) + len(rows)} lines{shown}:", file=sys.stderr)
        print(*(f"  {fault}" for fault in bad[:BAD_LINES_SHOWN]), sep="\n", file=sys.stderr)
    if not rows:
        raise UserError(f"{path}: no {'good ' if bad else ''}line in it; expected {count} tab-separated fields a line")
    return rows


def split_groups(groups: Sequence[Hashable], fractions: Sequence[float], seed: int) -> list[list[int]]:
    """Deal rows into parts without tearing a group apart.

    The groups are shuffled (`random.Random(seed)`: the same on every machine). Each part but the largest then takes the
    groups that bring its row count nearer to its fraction; the largest takes what is left.

    Args:
        groups: the group of each row.
        fractions: of all rows, one per part; they add up to 1.

    Returns:
        Per part the row numbers, rising.

    Raises:
        ValueError: fractions not above 0, or not adding up to 1.
        UserError: too few groups, so that a part would stay empty.
    """
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(f"fractions must be above 0 and add up to 1, got {list(fractions)}")
    sizes = Counter(groups)
    waiting = list(sizes)
    random.Random(seed).shuffle(waiting)
    largest = max(range(len(fractions)), key=lambda part: fractions[part])
    part_of: dict[Hashable, int] = {}
    for part, fraction in enumerate(fractions):
        wanted = fraction * len(groups)
        if part == largest:
            continue
        for group in waiting:
            if abs(wanted - sizes[group]) < abs(wanted):
                part_of[group] = part
                wanted -= sizes[group]
        waiting = [group for group in waiting if group not in part_of]
    parts: list[list[int]] = [[] for _ in fractions]
    for row, group in enumerate(groups):
        parts[part_of.get(group, largest)].append(row)
    for part, fraction in zip(parts, fractions, strict=True):
        if not part:
            raise UserError(
                f"{len(groups)} rows in {len(sizes)} groups cannot give a part of {fraction:g} without tearing a group "
                "apart; take a larger fraction or more data"
            )
    return parts


def describe(path: Path | str) -> dict[str, Any]:
    """What `training.json` keeps of a data file: `path`, `sha256`, `rows` (lines that are not blank)."""
    rows = sum(bool(line.strip(" ")) for _, line in _lines(path, "data file"))
    return {"path": str(path), "sha256": files.sha256(path), "rows": rows}


def _lines(path: Path | str, what: str) -> Iterator[tuple[str, str]]:
    """`file:line` and the line without its end; one line end at the end of the file makes no further line."""
    lines = files.read_text(path, what).split("\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        yield f"{path}:{number}", line.removesuffix("\r")
