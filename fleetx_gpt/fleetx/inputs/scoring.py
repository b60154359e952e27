# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Rows for offline scoring: windows over a text, and passages whose last word is asked for. Nothing counts twice."""

from collections.abc import Iterator
from dataclasses import dataclass

from common.cli import UserError

import numpy as np

from fleetx.inputs.tokenizer import BytePairs


@dataclass(frozen=True)
class Scored:
    """A batch: `ids` and the next tokens `labels`, int64 [rows, length]; bool `counted`, what is scored."""

    ids: np.ndarray
    labels: np.ndarray
    counted: np.ndarray


def windows(tokens: np.ndarray, length: int, stride: int) -> Iterator[tuple[np.ndarray, int]]:
    """Pieces of at most length + 1 tokens, and how many of each piece's last tokens are scored.

    The first window scores all it can, each further one the `stride` tokens that it is moved on by, which it sees at
    least length - stride tokens of context for; together they score every token but the first exactly once.
    """
    done = 0  # tokens whose prediction was scored
    total = len(tokens) - 1
    while done < total:
        new = min(length if done == 0 else stride, total - done)
        end = done + new
        yield tokens[max(0, end - length) : end + 1], new
        done = end


def cloze(text: str, tokenizer: BytePairs, length: int, place: str) -> tuple[np.ndarray, int]:
    """A passage's last length + 1 tokens, and how many of them are its last word (Paperno et al. 2016).

    The word is told from what stands before it, with the blank that leads it, as the model would write it.

    Raises:
        UserError: a passage of one word, or a word longer than a row.
    """
    before, _, word = text.rstrip().rpartition(" ")
    if "\n" in word:  # a word may also follow a new line
        head, _, word = word.rpartition("\n")
        context, asked = f"{before} {head}\n", word
    else:
        context, asked = before, f" {word}"
    if not context.strip() or not word:
        raise UserError(f"{place}: a passage needs two words at least, got {text[:40]!r}")
    answer = tokenizer.encode(asked)
    if len(answer) > length:
        raise UserError(f"{place}: the last word has {len(answer)} tokens, more than Offline_Eval.max_seq_len {length}")
    ids = np.array(tokenizer.encode(context) + answer, "int64")
    return ids[-length - 1 :], len(answer)


def batches(pieces: list[tuple[np.ndarray, int]], size: int, pad: int) -> Iterator[Scored]:
    """All pieces, `size` at a time, the last batch with what is left; padding stands behind and is never scored."""
    for start in range(0, len(pieces), size):
        some = pieces[start : start + size]
        width = max(len(tokens) for tokens, _ in some) - 1
        ids = np.full((len(some), width + 1), pad, "int64")
        counted = np.zeros((len(some), width), bool)
        for row, (tokens, count) in enumerate(some):
            ids[row, : len(tokens)] = tokens
            counted[row, len(tokens) - 1 - count : len(tokens) - 1] = True
        yield Scored(ids[:, :-1], ids[:, 1:], counted)
