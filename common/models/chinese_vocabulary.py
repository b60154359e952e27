# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A Chinese WordPiece vocabulary out of a multilingual SentencePiece one, and the rows that its words take over.

The clients of this project cut Chinese text into characters, as BERT does, and words of letters into WordPieces.
multilingual-e5-small knows 250,002 pieces of a hundred languages. The vocabulary made here has

- every Chinese character, kana and sign of punctuation that is a piece of its own;
- what NFKC turns into such a piece (full-width forms, which Chinese text is full of: the model has read `,` for `，`);
- single Latin letters and digits, and the most frequent Latin words and numbers, as beginnings and with `##`.

Each takes over the row of the piece of the same text. The order is that of the pieces' frequency.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SPECIALS = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>", "[UNK]": "<unk>"}
SPACE = "\u2581"  # SentencePiece's mark of a word's beginning
LATIN = re.compile("[a-z0-9]+")
WRITTEN = ("CJK ", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC")  # how the Unicode names of what Chinese text is made of begin
ALIASES = (*range(0xFF01, 0xFFEF), *range(0x2010, 0x2040), *range(0x2160, 0x2180), *range(0x2460, 0x2474))
WORDS, CONTINUATIONS = 6000, 3000


@dataclass(frozen=True)
class Vocabulary:
    """`tokens` as vocab.txt has them; `rows[i]` is the piece whose row token i takes over."""

    tokens: list[str]
    rows: np.ndarray


def make(
    pieces: Sequence[str], scores: np.ndarray, words: int = WORDS, continuations: int = CONTINUATIONS
) -> Vocabulary:
    """The vocabulary for pieces with their log-probabilities [pieces].

    Args:
        words: Latin words and numbers of several characters at most.
        continuations: the same with `##`.

    Raises:
        KeyError: one of the five special pieces is missing.
    """
    ids = {piece: number for number, piece in enumerate(pieces)}
    row_of: dict[str, int] = {}
    for piece in pieces:
        if len(piece) == 1 and _belongs(piece):
            row_of.setdefault(piece, ids[piece])
    for code in ALIASES:
        same = _alias(chr(code), ids)
        if same is not None:
            row_of.setdefault(chr(code), same)
    row_of |= _latin(ids, scores, words, continuations)
    ranked = sorted(row_of, key=lambda token: (-scores[row_of[token]], token))
    tokens = [*SPECIALS, *ranked]
    rows = [*(ids[piece] for piece in SPECIALS.values()), *(row_of[token] for token in ranked)]
    return Vocabulary(tokens, np.array(rows))


def _belongs(character: str) -> bool:
    """Whether a character is a word of Chinese text: ideograph, kana, punctuation or symbol."""
    if character == SPACE:
        return False
    return unicodedata.category(character)[0] in "PS" or unicodedata.name(character, "").startswith(WRITTEN)


def _alias(character: str, ids: dict[str, int]) -> int | None:
    """The piece that the model has read for a character, where NFKC turns it into one."""
    same = unicodedata.normalize("NFKC", character)
    if character != character.lower() or same in (character, SPACE):  # text comes in lower case
        return None
    return ids.get(same)


def _latin(ids: dict[str, int], scores: np.ndarray, words: int, continuations: int) -> dict[str, int]:
    """Latin words and numbers to their pieces: what begins a word has the mark of a space before it, if there is such.

    Numbers stand in Chinese text without a space before them, so they take the piece without the mark first.
    """
    begin, go_on = {}, {}
    for piece, number in ids.items():
        text = piece.removeprefix(SPACE)
        if not LATIN.fullmatch(text):
            continue
        if piece != text or text not in begin:
            begin[text] = number
        if piece == text:
            go_on[f"##{text}"] = number
    begin |= {text: ids[text] for text in begin if text.isdecimal() and text in ids}
    chosen = {}
    for found, limit, single in ((begin, words, 1), (go_on, continuations, 3)):
        ranked = sorted((t for t in found if len(t) > single), key=lambda text: (-scores[found[text]], text))
        kept = {*ranked[:limit], *(text for text in found if len(text) == single)}
        chosen |= {text: found[text] for text in kept}
    return chosen
