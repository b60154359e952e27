# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The reader of tokenizer_rules.txt, the character rules that Python, C++ and Java share."""

from bisect import bisect_right
from pathlib import Path

from common.cli import UserError

RULES_VERSION = 1
RULES = Path(__file__).with_name("tokenizer_rules.txt")


class CharacterRules:
    """tokenizer_rules.txt in memory; its header says what the sections mean."""

    def __init__(self, path: Path = RULES):
        self._kinds = [""]
        self._starts = [0]  # kind i holds from starts[i] to starts[i + 1]
        self._map: dict[int, str] = {}
        version, *sections = path.read_text(encoding="ascii").split("\n[")
        if f"\nrules {RULES_VERSION}\n" not in version:
            raise UserError(f"{path}: not the character rules of version {RULES_VERSION}; reinstall the package")
        runs = []
        for section in sections:
            name, _, body = section.partition("]\n")
            if name == "map":
                for line in body.split():
                    code, equals, value = line.partition("=")
                    if equals:
                        last = int(code, 16)
                        self._map[last] = chr(int(value, 16))
                    else:  # the second and later code points of the entry before
                        self._map[last] += chr(int(code, 16))
            else:
                for line in body.split():
                    first, _, last = line.partition("-")
                    runs.append((int(first, 16), int(last or first, 16), name))
        for first, last, name in sorted(runs):
            self._starts += (first, last + 1)
            self._kinds += (name, "")

    def kind(self, code: int) -> str:
        """`drop`, `space`, `cjk`, `isolate`, or an empty string for what joins a word."""
        return self._kinds[bisect_right(self._starts, code) - 1]

    def replacement(self, code: int) -> str:
        """Lower-cased, decomposed and without marks; one or more characters."""
        syllable = code - 0xAC00
        if 0 <= syllable < 11172:  # Hangul, Unicode chapter 3.12
            tail = syllable % 28
            return (
                chr(0x1100 + syllable // 588) + chr(0x1161 + syllable % 588 // 28) + (chr(0x11A7 + tail) * bool(tail))
            )
        return self._map.get(code) or chr(code)

    def words(self, text: str) -> list[str]:
        """The words a vocabulary is asked for, lower-cased and stripped, in order.

        This is the tokenizer's own first step written plainly: for building vocabularies and for checking `encode`.
        """
        found, word = [], ""
        for code in map(ord, text):
            kind = self.kind(code)
            if kind == "drop":
                continue
            parts = " " if kind == "space" else self.replacement(code)
            for part in parts:
                if kind in ("space", "cjk") or self.kind(ord(part)) == "isolate":
                    found += (word, part)
                    word = ""
                else:
                    word += part
        found.append(word)
        return [word for word in found if word.strip(" ")]
