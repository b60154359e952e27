# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Characters to token ids, one each, and long texts to overlapping windows."""

from itertools import pairwise
from typing import NamedTuple

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer

SHORTEST = 8  # tokens of a window, [CLS] and [SEP] included: a shorter one has no room for context
CONTEXT = 16  # characters on each side of a cut that are read only as context of their neighbours
# MSRA's training set writes 5, its test set ５: a model that was trained on one form would not know the other.
HALF_WIDTH = {
    ord(first) + 0xFEE0 + step: ord(first) + step for first, count in (("0", 10), ("A", 26), ("a", 26))
    for step in range(count)
}  # fmt: skip


class Window(NamedTuple):
    """Characters [start, end) of a text are read together; the tags of [first, last) are taken from this reading."""

    start: int
    end: int
    first: int
    last: int


def fold(text: str) -> str:
    """Full-width digits and Latin letters as half-width ones. Nothing else changes, and no character moves."""
    return text.translate(HALF_WIDTH)


class CharacterEncoder:
    """Turns each character into exactly one token id, in training as in serving; unknown ones become [UNK]."""

    def __init__(self, tokenizer: WordPieceTokenizer):
        self.tokenizer = tokenizer
        self._known: dict[str, int] = {}

    def ids(self, text: str) -> list[int]:
        """As many ids as characters; without [CLS] and [SEP]."""
        known = self._known
        return [known[each] if each in known else self._id(each) for each in text]

    def _id(self, character: str) -> int:
        # White space and control characters give no token, a few letters several pieces.
        found = self.tokenizer.encode(fold(character)).ids[1:-1]
        number = found[0] if len(found) == 1 else self.tokenizer.unk_id
        if len(self._known) < 1 << 16:
            self._known[character] = number
        return number

    def window_ids(self, ids: list[int], window: Window) -> list[int]:
        """The model's input for a window: [CLS], its characters, [SEP]."""
        return [self.tokenizer.cls_id, *ids[window.start : window.end], self.tokenizer.sep_id]


def windows_of(length: int, max_length: int) -> list[Window]:
    """Windows over a text so that every character's tag is taken from exactly one of them.

    One window where the text fits. Otherwise windows of full size in even steps, which share at least 2 * CONTEXT
    characters with the next; a character belongs to the window where it stands furthest from a cut (the text's own
    beginning and end are no cuts).

    Args:
        length: characters of the text; none give no window.
        max_length: tokens of a window, [CLS] and [SEP] counted.
    """
    room = max_length - 2
    if length <= room:
        return [Window(0, length, 0, length)] if length else []
    overlap = 2 * min(CONTEXT, room // 4)
    steps = -((room - length) // (room - overlap))
    starts = [step * (length - room) // steps for step in range(steps + 1)]
    # in the middle of what two windows share, both cuts are equally far
    borders = [0, *((start + before + room + 1) // 2 for before, start in pairwise(starts)), length]
    return [Window(start, start + room, *taken) for start, taken in zip(starts, pairwise(borders), strict=True)]


def check_length(asked: int, flag: str = "--max_seq_length") -> int:
    """Raises `UserError` where windows would be too short for any context."""
    if asked < SHORTEST:
        raise UserError(f"{flag} must be at least {SHORTEST}, got {asked}")
    return asked
