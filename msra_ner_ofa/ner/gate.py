# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Real sentences in a checkpoint's folder, and the logits that its super-network gave: every export is compared."""

from collections.abc import Sequence
from pathlib import Path

from common import files, parity
from common.cli import UserError
from common.export import write_bundle

import numpy as np
import paddle

from ner.data import Sentence, make_rows, read_sentences
from ner.windows import CharacterEncoder

TEXT, ANSWERS = "gate.txt", "gate.npz"
SENTENCES = 100

Batches = list[tuple[np.ndarray]]


def decide(outputs: parity.Outputs) -> list[int]:
    """The index of each character's best tag, from `logits` float32 [batch, length, tags]; not of [CLS] and [SEP]."""
    return outputs["logits"][:, 1:-1].argmax(axis=2).reshape(-1).tolist()


def batches_of(
    sentences: Sequence[Sentence], encoder: CharacterEncoder, labels: Sequence[str], max_length: int
) -> Batches:
    """Unpadded batches of the sentences' windows, each a tuple of one int64 [batch, length]."""
    rows = make_rows(sentences, encoder, labels, max_length)
    return [(batch,) for batch in parity.batches_by_length([row.ids for row in rows])]


class Gate:
    """The sentences on which models of one checkpoint are compared.

    Args:
        sentences: of the development set; the first ones are taken.
    """

    def __init__(self, sentences: Sequence[Sentence], encoder: CharacterEncoder, labels: Sequence[str], length: int):
        self.sentences = list(sentences[:SENTENCES])
        self.batches = batches_of(self.sentences, encoder, labels, length)

    def answers(self, network: paddle.nn.Layer) -> list[parity.Outputs]:
        """The dynamic graph's outputs, per batch: `logits` float32 [batch, length, tags]."""
        return write_bundle.answers(network, self.batches)

    def write(self, folder: Path, answers: Sequence[parity.Outputs]) -> None:
        """Write the sentences, and the outputs that every later form of the model has to give."""
        blocks = ("".join(f"{c}\t{tag}\n" for c, tag in zip(s.text, s.tags, strict=True)) for s in self.sentences)
        files.write_text(folder / TEXT, "\n".join(blocks))
        np.savez_compressed(folder / ANSWERS, *(outputs["logits"] for outputs in answers))


def sentences_in(folder: Path, labels: Sequence[str]) -> list[Sentence]:
    """The sentences that `Gate.write` left in a checkpoint's folder.

    Raises:
        UserError: they are missing or damaged.
    """
    return read_sentences(files.require(folder / TEXT, "sentences for the parity gate"), labels)


def answers_in(folder: Path) -> list[parity.Outputs]:
    """The outputs that `Gate.write` left in a checkpoint's folder, per batch.

    Raises:
        UserError: missing or damaged.
    """
    path = files.require(folder / ANSWERS, "answers for the parity gate")
    try:
        with np.load(path) as stored:
            return [{"logits": stored[name]} for name in stored.files]
    except (OSError, ValueError, EOFError) as fault:
        raise UserError(f"{path}: damaged; train the checkpoint again") from fault
