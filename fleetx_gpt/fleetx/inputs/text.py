# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Text files as one long row of token numbers, and equal blocks of it."""

from dataclasses import dataclass
from pathlib import Path

from common import files
from common.cli import UserError

import numpy as np

from fleetx.inputs.tokenizer import BytePairs

ENDINGS = (".txt", ".jsonl")


def files_of(place: Path | str, key: str) -> list[Path]:
    """A file itself, or the .txt and .jsonl files of a folder in the order of their names.

    Raises:
        UserError: no such place, or a folder without such files.
    """
    place = files.require(place, f"text file or folder ({key})")
    if place.is_file():
        return [place]
    found = sorted(path for path in place.iterdir() if path.suffix in ENDINGS)
    if not found:
        raise UserError(f"{key}: {place} holds no {' and no '.join(ENDINGS)} file")
    return found


def texts_of(path: Path) -> list[str]:
    """The whole of a .txt, or `text` of each line of a .jsonl.

    Raises:
        UserError: not UTF-8, a line that is not such a JSON, or nothing in the file.
    """
    content = files.read_text(path, "text file")
    if path.suffix != ".jsonl":
        texts = [content]
    else:
        texts = [passage(line, f"{path}:{n}") for n, line in enumerate(content.split("\n"), 1) if line.strip()]
    if not any(text.strip() for text in texts):
        raise UserError(f"{path}: is empty")
    return texts


def passage(line: str, place: str) -> str:
    import json

    try:
        text = json.loads(line)["text"]
        if isinstance(text, str):
            return text
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise UserError(f'{place}: expected {{"text": "…"}}, got {line[:60]}')


def corpus(place: Path | str, key: str) -> list[str]:
    """All texts of a place; see `files_of` and `texts_of`."""
    return [text for path in files_of(place, key) for text in texts_of(path)]


def tokens_of(texts: list[str], tokenizer: BytePairs) -> np.ndarray:
    """int32 [tokens]: the texts one after the other, each with the end behind it."""
    encoded = tokenizer.tokenizer.encode_batch(texts)
    return np.concatenate([np.array([*each.ids, tokenizer.end], "int32") for each in encoded])


def part_of(tokens: np.ndarray, split: tuple[int, ...], number: int) -> np.ndarray:
    """The first, second or third part of the tokens by the shares of `split`."""
    bounds = np.cumsum([0, *split]) * len(tokens) // sum(split)
    return tokens[bounds[number] : bounds[number + 1]]


@dataclass(frozen=True)
class Blocks:
    """Rows of `length` tokens and, one further on, those that are to be told."""

    tokens: np.ndarray
    length: int

    def __len__(self) -> int:
        return max(0, len(self.tokens) - 1) // self.length

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """int64 [rows, length] twice: tokens and the next ones."""
        places = np.asarray(rows)[:, None] * self.length + np.arange(self.length + 1)
        taken = self.tokens[places].astype("int64")
        return taken[:, :-1], taken[:, 1:]
