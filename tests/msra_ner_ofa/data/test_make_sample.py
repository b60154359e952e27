# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The bundled sample data: made by its generator, byte for byte, and of the form that the reader takes."""

import sys

from common import cli, files
from common.data.readers import read_tag_labels

import pytest
from ner.data import read_sentences
from tiny_ner import APP

sys.path.insert(1, str(APP / "data"))
import make_sample

SAMPLE = APP / "data" / "msra"


def test_the_generator_writes_the_same_bytes(tmp_path):
    make_sample.main(make_sample.Options(output_dir=tmp_path))
    for name in ("train.txt", "test.txt", "label.txt"):
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes()
    with pytest.raises(cli.UserError, match="already there; pass --overwrite"):
        make_sample.main(make_sample.Options(output_dir=tmp_path))


def test_the_sample_has_what_real_data_has():
    labels = read_tag_labels(SAMPLE / "label.txt")
    train, test = (read_sentences(SAMPLE / f"{part}.txt", labels) for part in ("train", "test"))
    assert (len(train), len(test)) == (1500, 200)
    assert not {s.text for s in train} & {s.text for s in test}
    assert max(len(s.text) for s in test) > 1000, "one sentence far longer than any window"
    half, full = (
        sum(any(c in digits for c in s.text) for s in test) for digits in ("0123456789", "０１２３４５６７８９")
    )
    assert full > 4 * half > 0
    for sentences in (train, test):
        assert {tag for s in sentences for tag in s.tags} == set(labels)
        for sentence in sentences:  # strict IOB2
            for before, tag in zip(("O", *sentence.tags), sentence.tags, strict=False):
                assert tag[0] != "I" or before[2:] == tag[2:]


def test_most_names_of_the_test_part_are_new():
    labels = read_tag_labels(SAMPLE / "label.txt")

    def names(part):
        found = set()
        for sentence in read_sentences(SAMPLE / f"{part}.txt", labels):
            name = ""
            for character, tag in [*zip(sentence.text, sentence.tags, strict=True), ("", "O")]:
                if tag[0] != "I" and name:
                    found.add(name)
                    name = ""
                name += character if tag != "O" else ""
        return found

    test, train = names("test"), names("train")
    assert len(test - train) > 0.6 * len(test)


def test_bad_options():
    with pytest.raises(cli.UserError, match="--train must be at least 20"):
        cli.parse(make_sample.Options, ["--train", "3"])


def test_the_labels_are_those_of_the_document():
    assert files.read_text(SAMPLE / "label.txt").split() == make_sample.LABELS
