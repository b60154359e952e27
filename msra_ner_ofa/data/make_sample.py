# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Write the sample data: made-up Chinese news with made-up persons, places and organisations, of phrases.py.

The same seed writes the same bytes. Nearly all names of the test part do not stand in the training part. Digits and
Latin letters are half-width in the training part and mostly full-width in the test part, as in MSRA's own files, and
one sentence of the test part is as long as fifty others.
"""

import random
import re
import string
from dataclasses import dataclass
from pathlib import Path

from common import cli, files

import phrases

LABELS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
KINDS = {"P": "PER", "L": "LOC", "O": "ORG"}
TO_FULL_WIDTH = {ord(each): ord(each) + 0xFEE0 for each in string.digits + string.ascii_letters}
LONGEST = 1500  # characters of the long sentence, about
Tagged = list[tuple[str, str]]
"""Characters and their tags."""


@dataclass
class Options:
    """Write train.txt, test.txt and label.txt of the sample data."""

    output_dir: Path = Path("data/msra")
    """Folder for the three files."""
    train: int = 1500
    """Sentences of the training part."""
    test: int = 200
    """Sentences of the test part; the last one is very long."""
    seed: int = 2018
    """Another seed gives other sentences."""
    overwrite: bool = False
    """Replace files that are already there."""

    def __post_init__(self):
        for name in ("train", "test"):
            if getattr(self, name) < 20:
                raise cli.UserError(f"--{name} must be at least 20, got {getattr(self, name)}")


def main(options: Options) -> None:
    paths = {name: options.output_dir / f"{name}.txt" for name in ("train", "test", "label")}
    files.check_not_there(paths.values(), options.overwrite)
    reporter = Reporter(options.seed)
    every = distinct(reporter, options.train + options.test - 1)
    train = [reporter.widened(sentence, 0.05) for sentence in every[: options.train]]
    test = [reporter.widened(sentence, 0.9) for sentence in every[options.train :]]
    test.append(reporter.long_sentence())
    for name, sentences in (("train", train), ("test", test)):
        files.write_text(paths[name], "\n".join(map(block, sentences)))
        entities = sum(tag[0] == "B" for sentence in sentences for _, tag in sentence)
        print(f"{paths[name]}: {len(sentences)} sentences, {sum(map(len, sentences))} characters, {entities} entities")
    files.write_text(paths["label"], "".join(f"{label}\n" for label in LABELS))


def distinct(reporter: "Reporter", count: int) -> list[Tagged]:
    """Sentences of which no two are alike, in an order that tells nothing."""
    found: dict[str, Tagged] = {}
    while len(found) < count:
        sentence = reporter.sentence()
        found.setdefault("".join(character for character, _ in sentence), sentence)
    sentences = list(found.values())
    reporter.chance.shuffle(sentences)
    return sentences


def block(sentence: Tagged) -> str:
    """A sentence as it stands in the file, without the blank line that ends it."""
    return "".join(f"{character}\t{tag}\n" for character, tag in sentence)


class Reporter:
    """Writes sentences; all chance comes from one seed."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.sentences = phrases.SENTENCES.split("\n")[1:-1]

    def sentence(self) -> Tagged:
        """One statement, or rarely several in one breath, so that late positions are learnt too."""
        return self.statements(self.chance.randint(2, 6) if self.happens(0.06) else 1)

    def long_sentence(self) -> Tagged:
        """A report without a full stop, far longer than any model's input."""
        return self.statements(LONGEST // 20)

    def statements(self, count: int) -> Tagged:
        written = [self.fill(self.chance.choice(self.sentences)) for _ in range(count)]
        for each in written[:-1]:
            each[-1] = ("；", "O")
        return [pair for each in written for pair in each]

    def widened(self, sentence: Tagged, rate: float) -> Tagged:
        """The sentence, at this rate with full-width digits and letters."""
        table = TO_FULL_WIDTH if self.happens(rate) else {}
        return [(character.translate(table), tag) for character, tag in sentence]

    def fill(self, template: str) -> Tagged:
        """The template's characters, and names in place of its braces."""
        written: Tagged = []
        for fixed, field in re.findall(r"([^{]*)(?:\{(\w+)\})?", template):
            written += [(character, "O") for character in fixed]
            if field in KINDS:
                name, kind = getattr(self, KINDS[field].lower())(), KINDS[field]
                written += [(character, f"{'I' if place else 'B'}-{kind}") for place, character in enumerate(name)]
            elif field:
                written += [(character, "O") for character in self.other(field)]
        return written

    def per(self) -> str:
        if self.happens(0.15):
            return "".join(self.several(phrases.FOREIGN, 2, 5))
        return self.word(phrases.SURNAMES) + "".join(self.several(phrases.GIVEN, 1, 2))

    def loc(self) -> str:
        kind = self.word(phrases.PLACE_KINDS) if self.happens(0.8) else ""
        return self.word(phrases.PLACE_FIRST) + self.word(phrases.PLACE_SECOND) + kind

    def org(self) -> str:
        place = self.word(phrases.PLACE_FIRST) + self.word(phrases.PLACE_SECOND)
        subject = self.word(phrases.SUBJECTS) if self.happens(0.7) else ""
        return place + subject + self.word(phrases.ORG_KINDS)

    def other(self, field: str) -> str:
        if field == "n":
            return str(self.chance.randint(2, 9999 if self.happens(0.4) else 60))
        if field == "y":
            return str(self.chance.randint(1930, 2005))
        if field == "w":
            return "".join(self.chance.choice("ABCDEHKLMNSTX") for _ in range(self.chance.randint(1, 4)))
        return self.word(phrases.WORDS[field])

    def several(self, words: str, least: int, most: int) -> list[str]:
        return self.chance.choices(words.split(), k=self.chance.randint(least, most))

    def word(self, words: str) -> str:
        return self.chance.choice(words.split())

    def happens(self, rate: float) -> bool:
        return self.chance.random() < rate


if __name__ == "__main__":
    cli.run(main, Options)
