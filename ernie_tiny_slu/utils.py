# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training tools: the corpus format, and spans of characters as one tag per token.

A line has four tab-separated columns: session, query, intent, and the query with its slots marked:
`117194488<TAB>来一首周华健的花心<TAB>music.play<TAB>来一首<singer>周华健</singer>的<song>花心</song>`
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.cli import UserError, did_you_mean
from common.data.readers import Span, kinds_of, read_columns

MARK = re.compile(r"<(/?)([A-Za-z_]+)>")
IGNORED = -100
"""Tag id of tokens without a character of their own ([CLS], [SEP]); the losses and metrics pass over it."""


@dataclass(frozen=True)
class Example:
    """One query and what is to be understood of it; spans are in order and do not overlap."""

    session: str
    text: str
    intent: str
    spans: tuple[Span, ...]
    where: str = field(default="", compare=False)
    """`file:line` it came from, for messages."""


def parse_marked(marked: str, where: str, kinds: Collection[str], first_column: int = 1) -> tuple[str, list[Span]]:
    """Take the marks out of `来一首<singer>周华健</singer>的<song>花心</song>`.

    A mark is `<name>` or `</name>` with a name of ASCII letters and underscores, nothing else: `3<5`, `<`, `</`, `<3>`
    and `< song>` are plain text. Marks do not nest.

    Args:
        where: `file:line`, for messages.
        kinds: the known names.
        first_column: column of the line at which `marked` begins, counted in characters from 1, for messages.

    Returns:
        The text without the marks and the spans in it, in order.

    Raises:
        UserError: `file:line:column: …` for an unknown name, a mark that is nested, crossed, unclosed, closes nothing,
            or holds no character but white space.
    """
    pieces: list[str] = []
    spans: list[Span] = []
    length = done = 0
    opened: re.Match | None = None
    begin = 0
    for mark in MARK.finditer(marked):
        closing, kind = mark[1], mark[2]
        place = f"{where}:{first_column + mark.start()}"
        if kind not in kinds:
            raise UserError(f"{place}: unknown slot `{kind}`{did_you_mean(kind, kinds)}; the slot label file lists all")
        pieces.append(marked[done : mark.start()])
        length += mark.start() - done
        done = mark.end()
        if not closing:
            if opened:
                raise UserError(f"{place}: {mark[0]} inside {opened[0]}; slots do not nest, write </{opened[2]}> first")
            opened, begin = mark, length
            continue
        if not opened:
            raise UserError(f"{place}: {mark[0]} closes nothing; write <{kind}> before the slot or delete it")
        if kind != opened[2]:
            raise UserError(f"{place}: {mark[0]} closes {opened[0]}; write </{opened[2]}>")
        if not pieces[-1].strip():
            raise UserError(f"{first_place(where, first_column, opened)}: {opened[0]} holds nothing; delete the marks")
        spans.append(Span(kind, begin, length))
        opened = None
    if opened:
        raise UserError(f"{first_place(where, first_column, opened)}: {opened[0]} is not closed; write </{opened[2]}>")
    pieces.append(marked[done:])
    return "".join(pieces), spans


def first_place(where: str, first_column: int, mark: re.Match) -> str:
    return f"{where}:{first_column + mark.start()}"


def read_examples(
    path: Path | str, intents: Collection[str], slots: Sequence[str], skip_bad_lines: bool = False
) -> list[Example]:
    """Read a corpus file.

    Args:
        intents: the known intents.
        slots: the BIO tags, as `read_tag_labels` gives them.
        skip_bad_lines: see `read_columns`.

    Raises:
        UserError: a line with other than four columns, an empty session or query, an unknown intent, faulty marks, or a
            fourth column that without its marks is not the query.
    """
    kinds = kinds_of(slots)

    def parse(fields: list[str], where: str) -> Example:
        session, query, intent, marked = fields
        if not session.strip():
            raise UserError(f"{where}: the session (column 1) is empty; give each dialogue a name of its own")
        if not has_content(query):
            raise UserError(f"{where}: the query (column 2) is empty")
        if intent not in intents:
            raise UserError(
                f"{where}: unknown intent `{intent}`{did_you_mean(intent, intents)}; the intent label file lists all"
            )
        first_column = len(session) + len(query) + len(intent) + 4
        text, spans = parse_marked(marked, where, kinds, first_column)
        if text != query:
            raise UserError(f"{where}: column 4 without its marks is `{text}`, but the query (column 2) is `{query}`")
        return Example(session, query, intent, tuple(spans), where)

    return read_columns(path, 4, skip_bad_lines, parse)


def has_content(text: str) -> bool:
    """Whether a character is left that is neither white space nor a control or format character."""
    return any(unicodedata.category(character)[0] not in "CZ" for character in text)


def tag_ids(example: Example, offsets: Sequence[tuple[int, int]], tag_index: Mapping[str, int]) -> list[int]:
    """One tag id per token.

    A token that touches a span is inside it, also where it reaches beyond (a word piece of digits or Latin letters).
    A token that touches two spans belongs to the first. The first token a span gets is `B-`, the others are `I-`.

    Args:
        offsets: [begin, end) of each token in characters of `example.text`; empty, as (0, 0), for [CLS] and [SEP].
        tag_index: id of each tag.

    Returns:
        As long as `offsets`; `IGNORED` for tokens with an empty range.
    """
    ids: list[int] = []
    begun: set[Span] = set()
    for begin, end in offsets:
        if begin == end:
            ids.append(IGNORED)
            continue
        span = next((s for s in example.spans if s.start < end and begin < s.end), None)
        if span is None:
            ids.append(tag_index["O"])
            continue
        ids.append(tag_index[("I-" if span in begun else "B-") + span.kind])
        begun.add(span)
    return ids


def lost_spans(example: Example, offsets: Sequence[tuple[int, int]]) -> bool:
    """Whether a slot lost something when the text was cut: visible characters of it lie behind the last token."""
    last = max((end for _, end in offsets), default=0)
    return any(has_content(example.text[max(span.start, last) : span.end]) for span in example.spans)
