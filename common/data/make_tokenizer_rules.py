# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Write common/data/tokenizer_rules.txt: what the tokenizer does with each Unicode code point.

The table pins the Unicode version, so that Python, C++ and Java give the same ids whatever Unicode data they ship with.
Run it only to raise the version of the rules: models trained under one version must be served under it.

    python -m common.data.make_tokenizer_rules
"""

import unicodedata
from collections.abc import Iterable

from common import files
from common.cli import EnvironmentLacks
from common.data.tokenizer_rules import RULES, RULES_VERSION

UNICODE_VERSION = "13.0.0"
HANGUL = range(0xAC00, 0xD7A4)
# The blocks BERT puts spaces around. Kana and Hangul are not among them.
CJK_BLOCKS = (
    range(0x3400, 0x4DC0),
    range(0x4E00, 0xA000),
    range(0xF900, 0xFB00),
    range(0x20000, 0x2A6E0),
    range(0x2A700, 0x2B740),
    range(0x2B740, 0x2B820),
    range(0x2B820, 0x2CEB0),
    range(0x2F800, 0x2FA20),
)
# Letters and numbers that ERNIE's tokenizer treats as symbols. Three of its eight never reach that test: U+00AD is
# dropped before, U+00D8 and U+01B1 are lower-cased before; they are here so that the list is whole.
ALSO_SYMBOLS = frozenset((0x00AD, 0x00B2, 0x00B5, 0x00BA, 0x00D8, 0x014B, 0x01B1, 0x3007))
HEADER = """\
# What the WordPiece tokenizer does with a code point. Made by common/data/make_tokenizer_rules.py; do not edit.
# Code points are hexadecimal; a section's line is one code point or first-last. A code point stands in at most one
# of the first four sections. For each code point of the text, in order:
#   [drop]     it vanishes and does not end a word (controls, unassigned, surrogates, marks that accents are made of)
#   [space]    it ends a word
#   [cjk]      its replacement (see [map]) is a word by itself
#   otherwise  it is replaced by its [map] entry, which has one or more code points; each of them is a word by itself
#              if it stands in [isolate], else it goes on the end of the word that is being built
# [map] lines are code=code or code=code code; it holds lower case, canonical decomposition and removal of marks in one.
# Hangul syllables AC00-D7A3 are not listed: with s = code - AC00 they become 1100 + s / 588, 1161 + s % 588 / 28 and,
# if s % 28 is not 0, 11A7 + s % 28.
"""


def is_dropped(character: str) -> bool:
    if character in "\t\n\r":
        return False
    return character in "\0\N{REPLACEMENT CHARACTER}" or unicodedata.category(character)[0] == "C"


def is_space(character: str) -> bool:
    return character in "\t\n\r" or unicodedata.category(character) in ("Zs", "Zl", "Zp")


def is_isolated(character: str) -> bool:
    printable_ascii = "!" <= character <= "~"
    if printable_ascii:
        return not character.isalnum()
    return unicodedata.category(character)[0] in "PS" or ord(character) in ALSO_SYMBOLS


def replacement(character: str) -> str:
    """Lower-cased, decomposed (NFD), without non-spacing marks. Each code point by itself: no final-sigma rule."""
    decomposed = unicodedata.normalize("NFD", character.lower())
    return "".join(part for part in decomposed if unicodedata.category(part) != "Mn")


def classify() -> dict[str, list[int]]:
    """The sections' code points in rising order."""
    sections: dict[str, list[int]] = {"drop": [], "space": [], "cjk": [], "isolate": []}
    for code in range(0x110000):
        character = chr(code)
        if is_dropped(character) or not replacement(character):
            sections["drop"].append(code)
        elif is_space(character):
            sections["space"].append(code)
        elif any(code in block for block in CJK_BLOCKS):
            sections["cjk"].append(code)
        elif is_isolated(character):
            sections["isolate"].append(code)
    return sections


def ranges(codes: Iterable[int]) -> list[str]:
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return [f"{first:04X}" if first == last else f"{first:04X}-{last:04X}" for first, last in runs]


def table() -> str:
    """The text of tokenizer_rules.txt.

    Raises:
        EnvironmentLacks: this Python has another Unicode version than the rules.
    """
    if unicodedata.unidata_version != UNICODE_VERSION:
        has = unicodedata.unidata_version
        raise EnvironmentLacks(f"the rules are made from Unicode {UNICODE_VERSION}, this Python has {has}; use 3.10")
    sections = classify()
    unmapped = {*sections["drop"], *sections["space"], *HANGUL}
    lines = [f"rules {RULES_VERSION}", f"unicode {UNICODE_VERSION}"]
    for name, codes in sections.items():
        lines += [f"[{name}]", *ranges(codes)]
    lines.append("[map]")
    for code in range(0x110000):
        if code not in unmapped and (text := replacement(chr(code))) != chr(code):
            lines.append(f"{code:04X}={' '.join(f'{ord(part):04X}' for part in text)}")
    return HEADER + "\n".join(lines) + "\n"


if __name__ == "__main__":
    files.write_text(RULES, table())
    print(f"{RULES}: {RULES.stat().st_size} bytes")
