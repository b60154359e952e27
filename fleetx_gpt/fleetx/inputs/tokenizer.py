# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Byte-level BPE as GPT-2 has it (Radford et al. 2019): published files by path, or trained on the text at hand."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from common import files
from common.cli import UserError, one_line

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY, MERGES = "vocab.json", "merges.txt"
END = "<|endoftext|>"
SMALLEST = 257  # all bytes and the end of a text


class BytePairs:
    """Text to token numbers and back; any text comes back as it was."""

    def __init__(self, tokenizer: Tokenizer):
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        self.tokenizer = tokenizer

    @classmethod
    def of_files(cls, vocab: Path | str, merges: Path | str) -> "BytePairs":
        """Raises `UserError` for files that are missing or do not belong together."""
        vocab, merges = files.require(vocab, "vocabulary"), files.require(merges, "file of merges")
        table = files.read_json(vocab, "vocabulary")
        if not isinstance(table, dict) or END not in table:
            raise UserError(f"{vocab}: not a GPT-2 vocabulary (a JSON of token to number that holds {END})")
        try:
            return cls(Tokenizer(models.BPE.from_file(str(vocab), str(merges))))
        except Exception as fault:  # the library raises bare Exceptions
            raise UserError(f"{merges}: does not go with {vocab}: {one_line(str(fault))[:160]}") from None

    @classmethod
    def of_folder(cls, folder: Path) -> "BytePairs":
        return cls.of_files(folder / VOCABULARY, folder / MERGES)

    @classmethod
    def trained(cls, texts: Iterable[str], size: int) -> "BytePairs":
        """A vocabulary of at most `size` tokens from texts. Raises `UserError` for one that cannot hold all bytes."""
        if size < SMALLEST:
            raise UserError(f"Model.vocab_size {size}: a byte-level vocabulary has at least {SMALLEST} tokens")
        tokenizer = Tokenizer(models.BPE())
        cls(tokenizer)  # gives it its rules
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=[END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        # Without the library's treatment of special tokens: an end that stands in a text is text.
        table = json.loads(tokenizer.to_str())["model"]
        merges = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in table["merges"]]
        return cls(Tokenizer(models.BPE(table["vocab"], merges)))

    @property
    def size(self) -> int:
        return self.tokenizer.get_vocab_size()

    @property
    def end(self) -> int:
        """Number of the token between two texts."""
        return self.tokenizer.token_to_id(END)

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text).ids

    def decode(self, ids: Iterable[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=False)

    def save(self, folder: Path) -> None:
        """Write vocab.json and merges.txt."""
        self.tokenizer.model.save(str(folder))

    def check_fits(self, rows: int, where: str) -> None:
        """Raises `UserError` where the model's table has fewer rows than there are tokens."""
        if self.size > rows:
            raise UserError(f"{where}: {self.size} tokens, but Model.vocab_size is {rows}; it must not be less")


def copy(source: Path, folder: Path) -> None:
    """The two files of a checkpoint, into another."""
    for name in (VOCABULARY, MERGES):
        shutil.copyfile(source / name, folder / name)
