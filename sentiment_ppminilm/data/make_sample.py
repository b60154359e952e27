# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Write the sample data: made-up reviews of restaurants, hotels, shops and gadgets, with the words of grammar.py.

The same seed writes the same bytes. A line is `label<TAB>aspect and opinion<TAB>text`; a text has up to four lines,
often of both labels. No word alone gives the label away: `不贵` praises, `不好吃` blames, `大` praises a room, not its
noise.
"""

import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from common import cli, files
from common.data.readers import split_groups

import grammar
from grammar import Facet

FRACTIONS = {"train": 0.8, "dev": 0.1, "test": 0.1}
LABELS = {"0": "negative", "1": "positive"}
LONGEST = 125  # characters of a text
MOODS = {0.94: 10, 0.5: 4, 0.1: 2}  # how likely a judgement is praise, and how many reviews are in that mood
TO_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@dataclass
class Options:
    """Write train.txt, dev.txt, test.txt and label.dict of the sample data."""

    output_dir: Path = Path("data/cls_data")
    """Folder for the four files."""
    rows: int = 2000
    """Lines in all, at least; the last review is finished."""
    seed: int = 2018
    """Another seed gives other reviews."""
    overwrite: bool = False
    """Replace files that are already there."""

    def __post_init__(self):
        if self.rows < 100:
            raise cli.UserError(f"--rows must be at least 100, got {self.rows}")


class Judgement(NamedTuple):
    """A clause of a review, and what stands in the first two columns for it."""

    clause: str
    label: str
    aspect: str


class Row(NamedTuple):
    """One line of the data."""

    label: str
    aspect: str
    text: str


def main(options: Options) -> None:
    paths = {name: options.output_dir / f"{name}.txt" for name in FRACTIONS}
    label_path = options.output_dir / "label.dict"
    files.check_not_there((*paths.values(), label_path), options.overwrite)
    rows = reviews(options.rows, options.seed)
    parts = split_groups([row.text for row in rows], list(FRACTIONS.values()), options.seed)
    for path, numbers in zip(paths.values(), parts, strict=True):
        part = [rows[n] for n in numbers]
        files.write_text(path, "".join("\t".join(row) + "\n" for row in part))
        praise = sum(row.label == "1" for row in part)
        print(f"{path}: {len(part)} rows, {praise} positive, {len({row.text for row in part})} texts")
    files.write_text(label_path, "".join(f"{value}\t{name}\n" for value, name in LABELS.items()))


def reviews(count: int, seed: int) -> list[Row]:
    """At least `count` rows; no text comes twice."""
    customer = Customer(seed)
    rows: list[Row] = []
    texts: set[str] = set()
    while len(rows) < count:
        text, judgements = customer.review()
        if len(text) > LONGEST or text in texts:
            continue
        texts.add(text)
        labels: dict[str, set[str]] = {}
        for judgement in judgements:
            labels.setdefault(judgement.aspect, set()).add(judgement.label)
        rows.extend(Row(*label, aspect, text) for aspect, label in labels.items() if len(label) == 1)
    return rows


class Customer:
    """Writes reviews; all chance comes from one seed."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        facets = [*grammar.EVERYWHERE, *(facet for facets in grammar.FACETS.values() for facet in facets)]
        good, bad = ({word for facet in facets for word in facet[side].split()} for side in (1, 2))
        self.says_nothing_alone = good & bad

    def review(self) -> tuple[str, list[Judgement]]:
        """A text and up to four of the judgements in it, in their order."""
        domain = self.chance.choice(list(grammar.FACETS))
        facets = grammar.FACETS[domain] + grammar.EVERYWHERE
        praise = self.chance.choices(list(MOODS), list(MOODS.values()))[0]
        length = self.chance.choices((1, 2, 3, 4, 6, 8), (9, 9, 7, 4, 2, 1))[0]
        judgements: list[Judgement] = []
        clauses: list[str] = []
        label = None
        for facet in self.chance.sample(facets, length):
            if self.happens(0.3):
                clauses.append(self.filler(domain, facets))
            before, label = label, "1" if self.happens(praise) else "0"
            said = self.judge(facet, label)
            judgements += said
            clauses.append(self.connective(before, label) + said[0].clause)
        if self.happens(0.2) and praise != 0.5:
            ends = grammar.GOOD_ENDS if praise > 0.5 else grammar.BAD_ENDS
            clauses.append(self.expand(self.word(ends)))
        text = "，".join(clauses) + (self.word(grammar.STOPS) if self.happens(0.8) else "")
        kept = sorted(self.chance.sample(range(len(judgements)), min(4, len(judgements))))
        return self.spell(text, [judgements[n] for n in kept])

    def judge(self, facet: Facet, label: str) -> list[Judgement]:
        """One clause with one judgement, or with two that share their opinion."""
        aspect, other = (self.expand(self.word(facet.aspects)) for _ in range(2))
        if self.happens(0.06):  # a wish blames with a word of praise
            if label == "0":
                wish = f"再{self.word(facet.good)}一点就好了"
                return [Judgement(f"要是{aspect}能{wish}", label, aspect + wish)]
            better = self.word(facet.good)
            return [Judgement(f"没有比这里{aspect}更{better}的了", label, f"{aspect}更{better}")]
        word, opinion = self.opinion(facet, label)
        if self.happens(0.08) and aspect != other:
            return [Judgement(f"{aspect}和{other}都{opinion}", label, name + opinion) for name in (aspect, other)]
        if self.happens(0.12) and word not in self.says_nothing_alone:
            return [Judgement(opinion, label, opinion)]
        between = self.word(grammar.BETWEEN) if self.happens(0.3) else ""
        told = self.chance.choices((aspect + opinion, opinion, aspect + word), (16, 2, 1))[0]
        return [Judgement(aspect + between + opinion, label, told)]

    def opinion(self, facet: Facet, label: str) -> tuple[str, str]:
        """A word of praise or blame, and the word as it is said so that it comes to `label`."""
        if self.happens(0.12):
            always = self.word(grammar.ALWAYS_GOOD if label == "1" else grammar.ALWAYS_BAD)
            return always, always
        negated = self.happens(0.06 if label == "1" else 0.2)
        praises = (label == "1") != negated
        word = self.word(facet.good if praises else facet.bad)
        forms = grammar.NEGATED if negated else grammar.PLAIN
        if not negated and self.happens(0.2):
            forms = grammar.FOR_PRAISE if praises else grammar.FOR_BLAME
        return word, self.chance.choice(forms.split("|")).replace("*", word)

    def filler(self, domain: str, facets: list[Facet]) -> str:
        """A clause that judges nothing, though it may hold a word of praise or blame."""
        template = self.chance.choice(grammar.FILLERS[""] + grammar.FILLERS[domain])
        for field in ("good", "bad"):
            words = {word for facet in facets for word in getattr(facet, field).split()} - self.says_nothing_alone
            template = template.replace(f"{{{field}}}", self.chance.choice(sorted(words)))
        return self.expand(template)

    def connective(self, before: str | None, label: str) -> str:
        if before is None or self.happens(0.5):
            return ""
        if before == label:
            return self.word(grammar.GOING_ON)
        return self.word(grammar.TO_PRAISE if label == "1" else grammar.TO_BLAME)

    def spell(self, text: str, judgements: list[Judgement]) -> tuple[str, list[Judgement]]:
        """Rarely write Latin letters and digits in full width, in the text and in column 2."""
        if self.happens(0.03):
            text = text.translate(TO_FULL_WIDTH)
            judgements = [judged._replace(aspect=judged.aspect.translate(TO_FULL_WIDTH)) for judged in judgements]
        return text, judgements

    def expand(self, template: str) -> str:
        """Fill in `{rule}` by a word of that rule."""
        return re.sub(r"\{(\w+)\}", lambda part: self.expand(self.word(grammar.RULES[part[1]])), template)

    def word(self, words: str) -> str:
        return self.chance.choice(words.split())

    def happens(self, rate: float) -> bool:
        return self.chance.random() < rate


if __name__ == "__main__":
    cli.run(main, Options)
