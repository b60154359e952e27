# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Named entity data: the reader of `character<TAB>tag`, the corpus of a folder or of the hub, rows and batches."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import files
from common.cli import UserError, did_you_mean
from common.data.readers import BAD_LINES_SHOWN, read_tag_labels, split_groups

import numpy as np

from ner.windows import CharacterEncoder, fold, windows_of

IGNORED = -100  # the label of what no loss is taken of
HUB_NAME = "msra_ner"


@dataclass(frozen=True)
class Sentence:
    """A text and a tag for each of its characters, as they stand in the file."""

    text: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class DevSet:
    """How the development set, which chooses the checkpoint, comes about.

    Attributes:
        path: its file; None takes dev.txt of the data folder, or, where there is none, a part of the training set.
        fraction: how large that part is, 0..1.
        seed: which sentences it has.
    """

    path: Path | None
    fraction: float
    seed: int


@dataclass(frozen=True)
class Corpus:
    """What a training reads.

    Attributes:
        files: the files it came from; empty for the hub's.
        split: how the development set was chosen, to be compared with that of another run.
    """

    labels: list[str]
    train: list[Sentence]
    dev: list[Sentence]
    files: tuple[Path, ...]
    split: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One window as the model reads it: [CLS] characters [SEP].

    Attributes:
        number: place in the list of rows.
        sentence: place of its sentence; windows of one sentence stand together, in order.
        labels: as long as `ids`; IGNORED but at the characters whose tags are taken from this window.
    """

    number: int
    sentence: int
    ids: list[int]
    labels: list[int]

    @property
    def owned(self) -> slice:
        """Where in `ids` the characters are whose tags are taken from here."""
        places = [place for place, label in enumerate(self.labels) if label != IGNORED]
        return slice(places[0], places[-1] + 1)


def read_sentences(path: Path | str, labels: Sequence[str], skip_bad_lines: bool = False) -> list[Sentence]:
    """Lines of one character, a tab and its tag; a blank line ends a sentence.

    With `skip_bad_lines` sentences with a bad line are left out whole; stderr tells how many, and the first ten lines.

    Raises:
        UserError: another number of fields, not one character, an unknown tag, or no sentence at all.
    """
    sentences: list[Sentence] = []
    bad: list[str] = []
    text: list[str] = []
    tags: list[str] = []
    faulty = broken = 0
    for number, line in enumerate([*files.read_text(path, "data file").split("\n"), ""], 1):
        fields = line.removesuffix("\r").split("\t")
        if len(fields) == 1 and not line.strip():
            broken += faulty
            if text and not faulty:
                sentences.append(Sentence("".join(text), tuple(tags)))
            text, tags, faulty = [], [], 0
            continue
        fault = fault_of(fields, labels)
        if fault:
            if not skip_bad_lines:
                raise UserError(
                    f"{path}:{number}: {fault}; mend the line, or leave such sentences out with --skip_bad_lines"
                )
            bad.append(f"{path}:{number}: {fault}")
            faulty = 1
            continue
        text.append(fields[0])
        tags.append(fields[1])
    if bad:
        of = broken + len(sentences)
        print(f"{path}: left out {broken} of {of} sentences, for {len(bad)} lines:", file=sys.stderr)
        print(*(f"  {fault}" for fault in bad[:BAD_LINES_SHOWN]), sep="\n", file=sys.stderr)
    if not sentences:
        raise UserError(f"{path}: no {'good ' if bad else ''}sentence in it; expected `character<TAB>tag` lines")
    return sentences


def fault_of(fields: list[str], labels: Sequence[str]) -> str | None:
    """What is wrong with a line, if anything."""
    if len(fields) != 2:
        return f"expected 2 tab-separated fields (character, tag), got {len(fields)}"
    if len(fields[0]) != 1:
        return f"the first field must be one character, got {fields[0]!r}"
    if fields[1] not in labels:
        return f"unknown tag `{fields[1]}`{did_you_mean(fields[1], labels)}; label.txt has {', '.join(labels)}"
    return None


def read_corpus(data_dir: Path | None, dev_set: DevSet, skip_bad_lines: bool = False) -> Corpus:
    """The training and the development set, from a folder or from the hub. The test set is not opened.

    Args:
        data_dir: folder with train.txt and label.txt; None takes the hub's.

    Raises:
        UserError: a missing or faulty file, or a hub that cannot be reached.
    """
    used: list[Path] = []
    if data_dir is None:
        labels, train = from_hub("train")
    else:
        path = data_dir / "train.txt"
        labels = read_tag_labels(data_dir / "label.txt")
        train, used = read_sentences(path, labels, skip_bad_lines), [path]
    dev_path = dev_file(data_dir, dev_set)
    if dev_path is not None:
        dev = read_sentences(dev_path, labels, skip_bad_lines)
        return Corpus(labels, train, dev, (*used, dev_path), {"dev": files.sha256(dev_path)})
    # by text, so that a repeated sentence does not come to stand on both sides
    fractions = (1 - dev_set.fraction, dev_set.fraction)
    kept, held = split_groups([sentence.text for sentence in train], fractions, dev_set.seed)
    split = {"dev_fraction": dev_set.fraction, "split_seed": dev_set.seed, "sentences": len(train)}
    return Corpus(labels, [train[n] for n in kept], [train[n] for n in held], tuple(used), split)


def dev_file(data_dir: Path | None, dev_set: DevSet) -> Path | None:
    """The file of the development set; None where it is to be a part of the training set."""
    if dev_set.path is not None:
        return dev_set.path
    beside = data_dir / "dev.txt" if data_dir is not None else None
    return beside if beside is not None and beside.exists() else None


def from_hub(split: str) -> tuple[list[str], list[Sentence]]:
    """Labels and sentences of the published MSRA set, downloaded by PaddleNLP.

    Raises:
        UserError: it cannot be reached.
    """
    from paddlenlp.datasets import load_dataset

    try:
        loaded = load_dataset(HUB_NAME, splits=split, lazy=False)
    except (OSError, RuntimeError) as fault:
        raise UserError(
            f"the data set {HUB_NAME} cannot be reached; give a folder with train.txt and label.txt by --data_dir, for "
            "example --data_dir data/msra (the bundled sample)"
        ) from fault
    sentences = []
    for example in loaded:
        tokens, tags = example["tokens"], [loaded.label_list[number] for number in example["labels"]]
        inner = [tag.replace("B-", "I-") for tag in tags]  # of a token's second and later characters
        spelt = ([tag] + [other] * (len(token) - 1) for token, tag, other in zip(tokens, tags, inner, strict=True))
        sentences.append(Sentence("".join(tokens), tuple(tag for part in spelt for tag in part)))
    return list(loaded.label_list), sentences


def vocabulary_texts(sentences: Sequence[Sentence]):
    """The texts as a vocabulary is to see them: each character a word of its own."""
    return (" ".join(fold(sentence.text)) for sentence in sentences)


def make_rows(
    sentences: Sequence[Sentence], encoder: CharacterEncoder, labels: Sequence[str], max_length: int
) -> list[Row]:
    """Windows of every sentence; of each character one window takes the label."""
    index = {tag: number for number, tag in enumerate(labels)}
    rows: list[Row] = []
    for number, sentence in enumerate(sentences):
        ids = encoder.ids(sentence.text)
        for window in windows_of(len(ids), max_length):
            taken = [IGNORED] * (window.end - window.start + 2)
            for place in range(window.first, window.last):
                taken[place - window.start + 1] = index[sentence.tags[place]]
            rows.append(Row(len(rows), number, encoder.window_ids(ids, window), taken))
    return rows


def joined(rows: Sequence[Row], of_row: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Per sentence what was computed of each of its characters, from the windows that own them.

    Args:
        of_row: per row an array [tokens, ...]; more tokens than the row has are padding.
    """
    parts: dict[int, list[np.ndarray]] = {}
    for row, array in zip(rows, of_row, strict=True):
        parts.setdefault(row.sentence, []).append(array[row.owned])
    return [np.concatenate(parts[sentence]) for sentence in sorted(parts)]


def collate(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """A batch padded to its longest row: `input_ids`, `labels` int64 [batch, length], `row` int64 [batch]."""
    length = max(len(row.ids) for row in rows)
    ids = np.zeros([len(rows), length], "int64")
    labels = np.full([len(rows), length], IGNORED, "int64")
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        labels[place, : len(row.ids)] = row.labels
    return {"input_ids": ids, "labels": labels, "row": np.array([row.number for row in rows], "int64")}
