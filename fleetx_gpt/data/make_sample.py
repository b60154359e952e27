# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Write the sample data: stories of animals, passages whose last word is asked for, and small images of shapes.

The same seed writes the same text and pixels. Each animal has a home, a food and a sound, which a model can learn by
heart; the colour that some stories end with stood at their beginning, where a model has to look it up. No story of the
test is in train.
"""

import io
import json
import random
from dataclasses import dataclass
from pathlib import Path

from common import cli, files
from common.cli import UserError

import numpy as np

# Animal: home, food, sound.
ANIMALS = {
    "fox": ("den", "berries", "bark"), "owl": ("tower", "mice", "hoot"), "otter": ("river", "fish", "whistle"),
    "bear": ("cave", "honey", "growl"), "mouse": ("cellar", "cheese", "squeak"), "hen": ("barn", "corn", "cluck"),
    "goat": ("stable", "grass", "bleat"), "frog": ("pond", "flies", "croak"), "crow": ("elm", "worms", "caw"),
    "duck": ("lake", "bread", "quack"), "wolf": ("forest", "bones", "howl"), "bee": ("hive", "nectar", "hum"),
}  # fmt: skip
NAMES = "Ada Ben Cora Dan Ella Finn Greta Hugo Ida Jon Kira Leo Mona Nils Olga Paul Rosa Sven Tilda Uwe"
COLOURS = "red blue green yellow white black grey brown"
THINGS = "scarf lamp boat basket kite drum chair bottle ribbon wheel"
TIMES = ["One morning", "Late in May", "After the rain", "Before supper", "On a windy day", "When the bell rang"]
FEELINGS = "glad tired hungry proud shy curious"
SHAPES = ("square", "disc", "cross", "stripes")
SIDE = 16  # pixels


@dataclass
class Options:
    """Write train.txt, test.txt, cloze.jsonl and images.npz."""

    output_dir: Path = Path(__file__).resolve().parent / "sample"
    """Folder for the four files."""
    stories: int = 1200
    """Stories in train.txt; test.txt has a twelfth of that."""
    images: int = 600
    """Images to train on; a sixth of that to test."""
    seed: int = 2018
    """Another seed gives other data."""
    overwrite: bool = False
    """Replace files that are already there."""

    def __post_init__(self):
        for name, least, most in (("stories", 60, 20000), ("images", 60, 20000)):
            if not least <= getattr(self, name) <= most:
                raise UserError(f"--{name} must be {least} to {most}, got {getattr(self, name)}")


def main(options: Options) -> None:
    targets = [options.output_dir / name for name in ("train.txt", "test.txt", "cloze.jsonl", "images.npz")]
    files.check_not_there(targets, options.overwrite)
    chance = random.Random(options.seed)
    count = options.stories + options.stories // 12
    stories: dict[str, None] = {}  # in the order in which they were told, none twice
    while len(stories) < count:
        stories[story(chance)] = None
    told = list(stories)
    train, test = told[: options.stories], told[options.stories :]
    files.write_text(targets[0], "\n".join(train) + "\n")
    files.write_text(targets[1], "\n".join(test) + "\n")
    # The end of each test story and what leads to it, without the full stop, so that the asked word stands last.
    passages = [json.dumps({"text": one.rstrip(".")}) for one in test]
    files.write_text(targets[2], "\n".join(passages) + "\n")
    numbers = np.random.default_rng(options.seed)
    arrays = {}
    for split, size in (("train", options.images), ("test", options.images // 6)):
        arrays[f"{split}_images"], arrays[f"{split}_labels"] = drawn(size, numbers)
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    files.write_bytes(targets[3], packed.getvalue())
    print(f"{len(train)} + {len(test)} stories, {options.images} + {options.images // 6} images: {options.output_dir}")


def story(chance: random.Random) -> str:
    """Five sentences on a line."""
    one, other = chance.sample(sorted(ANIMALS), 2)
    home, food, sound = ANIMALS[one]
    house, meal, call = ANIMALS[other]
    name, colour, thing, feeling = (chance.choice(each.split()) for each in (NAMES, COLOURS, THINGS, FEELINGS))
    middle = [
        f"The {one} came out of the {home} with a {sound}.",
        f"The {one} was {feeling} and wanted {food}.",
        f"The {other} from the {house} gave a {call}, for it wanted {meal}.",
    ]
    chance.shuffle(middle)
    start = f"{chance.choice(TIMES)} {name} met {article(one)} {one} and {article(other)} {other} beside"
    homes = chance.random() < 0.7
    end = f"The {one} went home to the {home}." if homes else f"{name} kept the {thing}, which was {colour}."
    return " ".join([start, f"a {colour} {thing}.", *middle, end])


def article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def drawn(count: int, numbers: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 [count, SIDE, SIDE, 3], and which of SHAPES each shows, int64 [count]."""
    labels = numbers.integers(0, len(SHAPES), count)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    pixels = np.empty((count, SIDE, SIDE, 3), "uint8")
    for number, label in enumerate(labels):
        radius = numbers.integers(3, 6)
        middle = numbers.integers(radius, SIDE - radius, 2)
        down, across = rows - middle[0], columns - middle[1]
        near = np.maximum(abs(down), abs(across)) <= radius
        inside = {
            "square": near,
            "disc": down**2 + across**2 <= radius**2,
            "cross": near & ((abs(down) <= 1) | (abs(across) <= 1)),
            "stripes": near & (down % 2 == 0),
        }[SHAPES[label]]
        colours = numbers.permutation(4)[:2] * 60 + numbers.integers(0, 40, (3, 2))
        pixels[number] = np.where(inside[..., None], colours[:, 0], colours[:, 1])
    return pixels, labels


if __name__ == "__main__":
    cli.run(main, Options)
