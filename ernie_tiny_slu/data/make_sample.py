# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Write the sample corpus: made-up dialogues between drivers and their car, from the grammar in sample_grammar.txt.

The same seed writes the same bytes. Names are put together from parts, so that the test part holds many that are not in
train; some commands (`取消`) mean another thing in another dialogue, as they do in real logs.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common import cli, files

from split import Row, part_paths, split_by_session, write_parts

GRAMMAR = Path(__file__).with_name("sample_grammar.txt")
PART = re.compile(r"\{(\w+)\}|\[(\w+)\]")
MARK = re.compile(r"</?\w+>")
FRACTIONS = {"train": 0.8, "dev": 0.1, "test": 0.1}
ENDS_BUSINESS = ("music.pause", "navigation.cancel_navigation", "phone_call.cancel")
TO_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@dataclass
class Options:
    """Write train.txt, dev.txt and test.txt of the sample corpus."""

    output_dir: Path = Path("data")
    """Folder for the three files."""
    rows: int = 3000
    """Lines in all, at least; the last dialogue is finished."""
    seed: int = 2018
    """Another seed gives another corpus."""
    overwrite: bool = False
    """Replace files that are already there."""

    def __post_init__(self):
        if self.rows < 100:
            raise cli.UserError(f"--rows must be at least 100, got {self.rows}")


def main(options: Options) -> None:
    files.check_not_there(part_paths(options.output_dir, FRACTIONS), options.overwrite)
    speaker = Speaker(read_grammar(GRAMMAR), options.seed)
    rows: list[Row] = []
    session = 100000
    while len(rows) < options.rows:
        session += speaker.chance.randint(1, 40)
        rows.extend(speaker.dialogue(str(session)))
    write_parts(options.output_dir, split_by_session(rows, FRACTIONS, options.seed))


def read_grammar(path: Path) -> dict[str, dict[str, float]]:
    """Rules as alternatives with weights; the file's head says how a rule is written."""
    text = re.sub(r"^#.*\n", "", files.read_text(path, "grammar"), flags=re.MULTILINE)
    rules: dict[str, dict[str, float]] = {}
    for line in re.sub(r"\n +", " ", text).splitlines():
        if line:
            name, right = line.split(" = ")
            weighted = [alternative.strip().partition(" *") for alternative in right.split(" | ")]
            rules[name] = {"" if word == "-" else word: float(weight or 1) for word, _, weight in weighted}
    return rules


class Speaker:
    """Says things by the grammar; all chance comes from one seed."""

    def __init__(self, rules: dict[str, dict[str, float]], seed: int):
        self.rules = rules
        self.chance = random.Random(seed)

    def dialogue(self, session: str) -> Iterator[Row]:
        """Two to six turns. What the car is busy with decides what is likely to be said next."""
        busy = "idle"
        row = None
        for _ in range(self.chance.choices((2, 3, 4, 5, 6), (3, 4, 3, 2, 1))[0]):
            if row is None or not self.happens(0.05):  # else the driver says the same again
                intent = self.pick(f"when {busy}")
                marked = self.utterance(intent)
                row = Row(session, MARK.sub("", marked), intent, marked)
                if intent != "OTHERS":
                    busy = "idle" if intent in ENDS_BUSINESS else intent.split(".")[0]
            yield row

    def utterance(self, intent: str) -> str:
        """A marked query: a command, sometimes with noise around it and misheard words outside the slots."""
        template = self.pick(intent)
        if intent != "OTHERS":
            before = self.pick("before") if self.happens(0.12) else ""
            after = self.pick("after") if self.happens(0.12) else ""
            template = before + template + after
        template = self.expand(template, slots=False)
        if self.happens(0.05):
            for pair in self.rules["misheard"]:
                template = template.replace(*pair.split(">"), 1)
        return self.expand(template, slots=True)

    def expand(self, template: str, slots: bool) -> str:
        """Fill in `{rule}`, and with `slots` also `[rule]`, which becomes a marked slot."""

        def fill(part: re.Match) -> str:
            word, kind = part[1], part[2]
            if word:
                return self.expand(self.pick(word), slots)
            return f"<{kind}>{self.spell(self.expand(self.pick(kind), slots))}</{kind}>" if slots else part[0]

        return PART.sub(fill, template)

    def spell(self, name: str) -> str:
        """Vary upper and lower case; rarely write Latin letters and digits in full width."""
        if self.happens(0.4):
            name = self.chance.choice((name.lower(), name.upper()))
        return name.translate(TO_FULL_WIDTH) if self.happens(0.03) else name

    def pick(self, rule: str) -> str:
        return self.chance.choices(list(self.rules[rule]), list(self.rules[rule].values()))[0]

    def happens(self, rate: float) -> bool:
        return self.chance.random() < rate


if __name__ == "__main__":
    cli.run(main, Options)
