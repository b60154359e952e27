# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Text to token ids, as PaddleNLP 2.8.1's ErnieTokenizer does it, with the place of each token in the raw text.

Nothing beyond the standard library is imported: deployment starts fast. The character rules come from
tokenizer_rules.txt, not from this Python's Unicode data, so that every client gives the same ids. PPMiniLMTokenizer and
the Chinese SkepTokenizer give the same ids as ErnieTokenizer, but for what is said of them below.

Differences from ErnieTokenizer, each with a test:
- `[MASK]`, `[CLS]` and their like in a text are plain text (`[`, `mask`, `]`), never a special token; ErnieTokenizer
  and SkepTokenizer do the same when built from a vocabulary file, but not when loaded from a folder; PPMiniLMTokenizer
  never does, so that a review with `[SEP]` in it would have one text more;
- a text is cut at `max_length` 2 as at any other; ErnieTokenizer leaves it whole there (a pair it does cut, from 3 on);
- marks that canonical ordering would swap stay as written (a few Hangul tone and musical marks);
- each code point is lower-cased by itself, so that the rule for a Greek final sigma is never used. (The same
  holds for `tokenize` of ErnieTokenizer and PPMiniLMTokenizer, not for SkepTokenizer and the BasicTokenizer.)
"""

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from common import files
from common.cli import UserError
from common.data.tokenizer_rules import CharacterRules

LONGEST_WORD = 100  # characters; a longer word is [UNK]
CACHED = 1 << 14  # entries of each cache
NO_LIMIT = 1 << 62


class Encoding(NamedTuple):
    """One text as the model reads it.

    `ids` begin with [CLS] and end with [SEP]; `offsets` are [begin, end) in code points of the raw text, (0, 0) for
    [CLS] and [SEP]; `truncated` tells that tokens were cut off.
    """

    ids: list[int]
    offsets: list[tuple[int, int]]
    truncated: bool


class PairEncoding(NamedTuple):
    """Two texts as the model reads them: [CLS] first [SEP] second [SEP].

    `token_type_ids` are 0 up to the first [SEP], then 1; `offsets` count in the text that a token comes from.
    """

    ids: list[int]
    token_type_ids: list[int]
    offsets: list[tuple[int, int]]
    truncated: bool


class _Cache(dict):
    """A dictionary that makes what is missing, and starts afresh when it is full."""

    def __init__(self, make: Callable):
        super().__init__()
        self._make = make

    def __missing__(self, key: Hashable):
        value = self._make(key)
        if len(self) >= CACHED:
            self.clear()
        self[key] = value
        return value


class WordPieceTokenizer:
    """Greedy longest-match WordPiece over lower-cased text.

    Args:
        vocab: vocab.txt with a token per line, or the tokens; the place is the id.

    Raises:
        UserError: a blank token, [PAD] not first, or no [UNK], [CLS] or [SEP].
    """

    def __init__(self, vocab: Path | str | Sequence[str]):
        if isinstance(vocab, (Path, str)):
            tokens, where = read_vocab(vocab), str(vocab)
        else:
            tokens, where = list(vocab), "vocabulary"
        self.tokens = tokens
        self._ids = _checked(tokens, where)
        self.pad_id, self.unk_id, self.cls_id, self.sep_id = map(self._ids.get, ("[PAD]", "[UNK]", "[CLS]", "[SEP]"))
        self._longest_token = max(map(len, tokens))
        self._characters = _Cache(self._character)
        self._words = _Cache(self._word)

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str, max_length: int | None = None) -> Encoding:
        """Ids and offsets of one text; with `max_length` at most that many ids, [CLS] and [SEP] counted.

        A text with nothing to read (empty, white space, control characters) gives [CLS] [SEP].

        Raises:
            ValueError: `max_length` has no room for [CLS] and [SEP].
        """
        if max_length is not None and max_length < 2:
            raise ValueError(f"max_length must be at least 2, got {max_length}")
        limit = NO_LIMIT if max_length is None else max_length - 1
        ids, offsets = [self.cls_id], [(0, 0)]
        characters = self._characters
        word, places = "", []  # the word being built, and where each of its characters stands in the text
        for place, character in enumerate(text):
            part = characters[character]
            if part.__class__ is str:
                word += part
                places.append(place) if len(part) == 1 else places.extend([place] * len(part))
                continue
            if word:
                self._add_word(word, places, ids, offsets)
                word, places = "", []
            if part.__class__ is int:
                ids.append(part)
                offsets.append((place, place + 1))
            elif part is not None:  # a symbol that takes its marks along
                symbol, word = part
                ids.append(symbol)
                offsets.append((place, place + 1))
                places = [place] * len(word)
            if len(ids) > limit:  # no need to read the rest of a long text
                break
        if word:
            self._add_word(word, places, ids, offsets)
        truncated = len(ids) > limit
        if truncated:
            del ids[limit:], offsets[limit:]
        ids.append(self.sep_id)
        offsets.append((0, 0))
        return Encoding(ids, offsets, truncated)

    def encode_pair(self, first: str, second: str, max_length: int | None = None) -> PairEncoding:
        """Two texts in one input; what is too long loses tokens at the end of the longer text, one by one.

        Raises:
            ValueError: `max_length` has no room for [CLS] and two [SEP].
        """
        if max_length is not None and max_length < 3:
            raise ValueError(f"max_length must be at least 3 for a pair, got {max_length}")
        of_one = None if max_length is None else max_length - 1  # a text that loses more loses it in the pair as well
        one, two = self.encode(first, of_one), self.encode(second, of_one)
        kept_one, kept_two = len(one.ids) - 2, len(two.ids) - 2
        surplus = 0 if max_length is None else max(0, kept_one + kept_two + 3 - max_length)
        for _ in range(surplus):
            if kept_one > kept_two:
                kept_one -= 1
            else:
                kept_two -= 1
        head, tail = slice(0, kept_one + 1), slice(1, kept_two + 1)
        return PairEncoding(
            [*one.ids[head], self.sep_id, *two.ids[tail], self.sep_id],
            [0] * (kept_one + 2) + [1] * (kept_two + 1),
            [*one.offsets[head], (0, 0), *two.offsets[tail], (0, 0)],
            surplus > 0 or one.truncated or two.truncated,
        )

    def _add_word(self, word: str, places: list[int], ids: list[int], offsets: list[tuple[int, int]]) -> None:
        if len(word) > LONGEST_WORD:
            ids.append(self.unk_id)
            offsets.append((places[0], places[-1] + 1))
            return
        for token, first, last in self._words[word]:
            ids.append(token)
            offsets.append((places[first], places[last] + 1))

    def _word(self, word: str) -> tuple[tuple[int, int, int], ...]:
        """Ids of a word's longest matching pieces with each one's first and last character; all or [UNK]."""
        pieces = []
        begin, prefix = 0, ""
        while begin < len(word):
            for end in range(min(len(word), begin + self._longest_token), begin, -1):
                token = self._ids.get(prefix + word[begin:end])
                if token is not None:
                    pieces.append((token, begin, end - 1))
                    break
            else:
                return ((self.unk_id, 0, len(word) - 1),)
            begin, prefix = end, "##"
        return tuple(pieces)

    @cached_property
    def _rules(self) -> CharacterRules:
        return CharacterRules()  # read only when a text has more than ASCII and common CJK

    def _character(self, character: str) -> int | str | tuple[int, str] | None:
        """What a character becomes.

        An id: a word by itself. A string: what goes on the end of the word being built (empty: it vanishes).
        None: the end of a word. An id and a string: a word by itself, then the beginning of another.
        """
        if character.isascii():
            if character.isalnum():
                return character.lower()
            if character in " \t\n\r":
                return None
            return self._ids.get(character, self.unk_id) if character.isprintable() else ""
        code = ord(character)
        if 0x4E00 <= code < 0x9FFD:
            return self._ids.get(character, self.unk_id)
        kind = self._rules.kind(code)
        if kind == "drop":
            return ""
        if kind == "space":
            return None
        text = self._rules.replacement(code)
        if kind != "cjk" and self._rules.kind(ord(text[0])) != "isolate":
            return text
        token = self._ids.get(text[0], self.unk_id)
        return token if len(text) == 1 else (token, text[1:])


def read_vocab(path: Path | str) -> list[str]:
    """Tokens of a vocab.txt, one per line.

    Only line feeds end a line (some vocabularies hold other Unicode line ends as tokens); a carriage return before
    one is dropped.

    Raises:
        UserError: no such file, or not UTF-8.
    """
    lines = files.read_text(path, "vocabulary").split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _checked(tokens: Sequence[str], where: str) -> dict[str, int]:
    """Token to id.

    Raises:
        UserError: see WordPieceTokenizer.
    """
    ids: dict[str, int] = {}
    for number, token in enumerate(tokens):
        if not token:
            raise UserError(f"{where}:{number + 1}: a blank line; every line must hold one token")
        ids[token] = number  # the published ERNIE 3.0 vocabulary holds `$` twice; as in PaddleNLP, the later one counts
    if ids.get("[PAD]") != 0:
        place = f"it is in line {ids['[PAD]'] + 1}" if "[PAD]" in ids else "it is missing"
        raise UserError(f"{where}:1: [PAD] must be the first token, {place}")
    for special in ("[UNK]", "[CLS]", "[SEP]"):
        if special not in ids:
            raise UserError(f"{where}:{len(tokens)}: ends without a {special} token; add it and train again")
    return ids
