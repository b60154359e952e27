# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Write the sample data: made-up film remarks in SST-2's layout, and made-up sentence pairs in RTE's.

The same seed writes the same bytes. No single word gives a remark's label away (`never dull` praises), and the two
sentences of a pair share most of their words whether or not the second follows from the first.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common import cli, files
from common.data.readers import split_groups

DEV = 0.15
THINGS = "plot story film script dialogue pacing ending camera work music score cast direction editing humour"
WHOSE = ["the", "its", "this director 's", "the second half 's", "a very familiar"]
GOOD = "funny warm clever moving fresh gripping honest graceful sharp tender bright charming"
BAD = "dull flat lazy clumsy tired shallow tedious stale hollow noisy bland muddled"
PRAISE = ["i would see it again", "worth every minute", "you leave smiling", "few films try this much and manage"]
BLAME = ["i looked at my watch", "not worth the ticket", "you leave early", "few films try so little"]
FILLERS = ["all in all", "to my surprise", "for what it is", "as expected", "in the end", "even on a small screen"]

WHO = ["a nurse", "the old baker", "two students", "a young pilot", "the mayor", "three tourists", "an engineer"]
DID = ["bought", "sold", "painted", "repaired", "photographed", "borrowed", "hid", "found"]
HOW = ["red", "broken", "wooden", "tiny", "expensive", "second-hand", "blue", "heavy"]
WHAT = ["boat", "bicycle", "piano", "clock", "van", "lamp", "bench", "telescope"]
WHERE = ["near the harbour", "in a small village", "behind the station", "at the market", "by the river"]
WHEN = ["on Monday", "last winter", "before breakfast", "two years ago", "during the storm", "after the match"]


@dataclass
class Options:
    """Write SST-2/ and RTE/ with train.tsv and dev.tsv each."""

    output_dir: Path = Path("data")
    """Folder for the two tasks' folders."""
    remarks: int = 1800
    """Lines of SST-2 in all."""
    pairs: int = 1400
    """Lines of RTE in all."""
    seed: int = 2018
    """Another seed gives other sentences."""
    overwrite: bool = False
    """Replace files that are already there."""

    def __post_init__(self):
        for name in ("remarks", "pairs"):
            if not 100 <= getattr(self, name) <= 20000:
                raise cli.UserError(f"--{name} must be 100 to 20000, got {getattr(self, name)}")


def main(options: Options) -> None:
    wanted = {"SST-2": (options.remarks, remark, "sentence\tlabel"), "RTE": (options.pairs, pair, HEADER_OF_PAIRS)}
    files.check_not_there([p for task in wanted for p in (options.output_dir / task).glob("*.tsv")], options.overwrite)
    for task, (count, make, header) in wanted.items():
        rows = different(make, count, random.Random(f"{task} {options.seed}"))
        parts = split_groups([row[0] for row in rows], [1 - DEV, DEV], options.seed)
        for split, numbers in zip(("train", "dev"), parts, strict=True):
            lines = [list(rows[number]) for number in numbers]
            if task == "RTE":
                lines = [[str(index), *line] for index, line in enumerate(lines)]
            path = options.output_dir / task / f"{split}.tsv"
            files.write_text(path, "".join("\t".join(line) + "\n" for line in [header.split("\t"), *lines]))
            print(f"{path}: {len(lines)} rows")


HEADER_OF_PAIRS = "index\tsentence1\tsentence2\tlabel"


def different(make: Callable, count: int, chance: random.Random) -> list[tuple[str, ...]]:
    """`count` rows of which no two have the same texts."""
    found: dict[tuple, tuple] = {}
    while len(found) < count:
        row = make(chance)
        found.setdefault(row[:-1], row)
    return list(found.values())


def remark(chance: random.Random) -> tuple[str, str]:
    """A remark and its label; half of them are negated."""
    good = chance.random() < 0.5
    words, other = (side.split() for side in ((GOOD, BAD) if good else (BAD, GOOD)))
    clauses = []
    for thing in chance.sample(THINGS.split(), chance.choice([1, 1, 2, 2, 3])):
        negated = chance.random() < 0.35
        word = chance.choice(other if negated else words)
        said = chance.choice(
            [f"is {'never ' if negated else ''}{word}", f"feels {'not at all ' if negated else ''}{word}"]
        )
        clauses.append(f"{chance.choice(WHOSE)} {thing} {said}")
    if chance.random() < 0.3:
        clauses.append(chance.choice(PRAISE if good else BLAME))
    if chance.random() < 0.3:
        clauses.insert(chance.randrange(len(clauses) + 1), chance.choice(FILLERS))
    return " , ".join(clauses) + chance.choice([" .", " .", " !", ""]), str(int(good))


def pair(chance: random.Random) -> tuple[str, str, str]:
    """Two sentences and whether the second follows: it leaves something out, or it changes or adds something."""
    who, did, how, what, where, when = (chance.choice(words) for words in (WHO, DID, HOW, WHAT, WHERE, WHEN))
    first = f"{who} {did} a {how} {what} {where} {when}."
    follows = chance.random() < 0.5
    if follows:
        second = chance.choice(
            [f"{who} {did} a {what} {when}.", f"{who} {did} a {how} {what}.", f"{who} {did} a {what} {where}."]
        )
    else:
        change = chance.choice(["who", "what", "how"])
        who = chance.choice([word for word in WHO if word != who]) if change == "who" else who
        what = chance.choice([word for word in WHAT if word != what]) if change == "what" else what
        how = chance.choice([word for word in HOW if word != how]) if change == "how" else how
        second = f"{who} {did} a {how} {what} {chance.choice([where, when])}."
    first, second = (text[0].upper() + text[1:] for text in (first, second))
    return first, second, "entailment" if follows else "not_entailment"


if __name__ == "__main__":
    cli.run(main, Options)
