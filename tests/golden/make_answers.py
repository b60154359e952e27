# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Write 10,000 sentences with their ids, offsets and whole answers, which every client must repeat byte by byte.

    python tests/golden/make_answers.py --output build/answers.jsonl

The sentences are made by rule from a fixed seed: commands with digits, English, symbols, emoji, full-width and control
characters, any code points, nothing, and texts that are cut, also inside a slot. The logits come from no engine but
from whole numbers (`ToyEngine`), so that each client computes them exactly and only its own code is compared.

The first line holds `intents`, `tags` and `transitions`; vocab.txt beside this file is the vocabulary. Each further
line is {"text", "max_length", "decoder", "ids", "offsets", "truncated", "answer"}; `answer` is the line of JSON that a
client prints. ASCII only.
"""

import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from common import cli, files
from common.data.tags import DECODERS, TagDecoder
from common.data.tokenizer import WordPieceTokenizer

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "ernie_tiny_slu")]

from make_golden import CUT, HANZI, OTHERS, WORDS, WRITTEN
from slu.predictor import SluPredictor

INTENTS = [
    "OTHERS", "music.play", "music.pause", "navigation.navigation", "navigation.open", "phone_call.make_a_phone_call",
    'say "\\"',
]  # fmt: skip
TAGS = ["O", "B-song", "I-song", "B-singer", "I-singer", "B-phone_num", "I-phone_num"]
SLOT_ENTITIES = ["周杰伦", "Taylor Swift", "13800138000", "花心", "１２０", "café", "北京西站"]
COMMANDS = ["来一首{}的歌", "拨打{}", "导航到{}", "播放 {} 的 love", "{}", "我想听{}吧", "call {} now"]


RANGES = [
    (0, 0x7F), (0x80, 0x2FF), (0x300, 0x36F), (0x370, 0x1FFF), (0x2000, 0x2FFF), (0x3000, 0x33FF), (0x3400, 0x9FFF),
    (0xA000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x10FFFF),
]  # fmt: skip


class ToyEngine:
    """Logits that depend on the ids by whole numbers only: multiples of 1/256, of which float32 sums are exact."""

    def run(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """Ids [batch, length]; intent_logits [batch, intents] and slot_logits [batch, length, tags], float32."""
        ids = ids.astype(np.int64)
        intents, tags, places = np.arange(len(INTENTS)), np.arange(len(TAGS)), np.arange(ids.shape[1])[None, :, None]
        intent = 7919 * (intents + 1) * ids.sum(axis=1)[:, None] + 12345 * (intents + 1) ** 2
        slot = 7919 * (tags + 3) * ids[:, :, None] + 104729 * places + 777
        return {"intent_logits": _logits(intent), "slot_logits": _logits(slot)}


def _logits(numbers: np.ndarray) -> np.ndarray:
    return (numbers % 2003 / 256 - 4).astype(np.float32)


def transitions() -> dict[str, list]:
    """What a CRF might have learned; multiples of 1/256 too."""
    count = np.arange(len(TAGS))

    def values(numbers) -> list:
        return (numbers % 509 / 256 - 1).tolist()

    return {
        "start": values(31 * count + 7),
        "end": values(57 * count + 11),
        "pairs": values(131 * count[:, None] + 37 * count + 3),
    }


class ToyPredictor(SluPredictor):
    """The Python client with the toy engine in place of a bundle's."""

    def __init__(self, tokenizer: WordPieceTokenizer, decoder: str, max_length: int):
        self.tokenizer, self.max_length = tokenizer, max_length
        self._intents, self._tags = INTENTS, TAGS
        self.decoder = TagDecoder(TAGS, decoder, transitions())
        self._predictor, self._unknown = ToyEngine(), tokenizer.unk_id


def sentences(count: int) -> list[str]:
    """The written cases of make_golden.py first, then as many others as asked for, each by one of six rules."""
    choose = random.Random(10_000)
    found = dict.fromkeys([*WRITTEN, *CUT])
    rules = [command, hanzi, joined_fragments, any_characters, mixture, long_command]
    number = 0
    while len(found) < count:
        found.setdefault(rules[number % len(rules)](choose))
        number += 1
    return list(found)[:count]


def command(choose: random.Random) -> str:
    return choose.choice(COMMANDS).format(choose.choice(SLOT_ENTITIES))


def hanzi(choose: random.Random) -> str:
    return "".join(choose.choices(HANZI, k=choose.randint(1, 20)))


def joined_fragments(choose: random.Random) -> str:
    fragments = [text for text in WRITTEN if 0 < len(text) < 20]
    return choose.choice(["", " ", "\u3000", "\0"]).join(choose.choices(fragments, k=choose.randint(2, 4)))


def any_characters(choose: random.Random) -> str:
    """A few code points from all of Unicode but the surrogates, which UTF-8 cannot hold."""
    return "".join(chr(choose.randint(*choose.choice(RANGES))) for _ in range(choose.randint(1, 12)))


def mixture(choose: random.Random) -> str:
    parts = [*WORDS.split(), *OTHERS, *HANZI[:200], "１", "8", "\t", " "]
    return "".join(choose.choices(parts, k=choose.randint(1, 15)))


def long_command(choose: random.Random) -> str:
    """Longer than the shortest inputs, so that many are cut inside a slot."""
    text = choose.choice(COMMANDS).format(choose.choice(SLOT_ENTITIES) * choose.randint(1, 8))
    return choose.choice([text, text.upper(), f"  {text}\n", f"{text}。" * 3])


def lines(count: int) -> list[str]:
    tokenizer = WordPieceTokenizer(HERE / "vocab.txt")
    made = [json.dumps({"intents": INTENTS, "tags": TAGS, "transitions": transitions()})]
    lengths = (16, 64, 5, 32)
    predictors = {(name, length): ToyPredictor(tokenizer, name, length) for name in DECODERS for length in lengths}
    for number, text in enumerate(sentences(count)):
        name, length = DECODERS[number % len(DECODERS)], lengths[number // len(DECODERS) % len(lengths)]
        encoding = tokenizer.encode(text, length)
        answer = json.dumps(predictors[name, length].answer(text), ensure_ascii=False)
        line = {"text": text, "max_length": length, "decoder": name, **encoding._asdict(), "answer": answer}
        made.append(json.dumps(line))
    return made


@dataclass(kw_only=True)
class Options:
    """Write the sentences with their answers."""

    output: Path
    """The file, a line of JSON per sentence."""
    count: int = 10_000
    """How many sentences."""


def main(options: Options) -> None:
    options.output.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(options.output, "\n".join(lines(options.count)) + "\n")
    print(f"{options.output}: {options.count} sentences")


if __name__ == "__main__":
    cli.run(main, Options)
