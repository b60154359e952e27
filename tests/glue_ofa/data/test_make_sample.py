# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The sample data: what the generator writes is what lies in data/, and what may be said of it."""

import sys

import pytest
from calls import call
from tiny_glue import APP

sys.path.insert(0, str(APP / "data"))
FILES = ("SST-2/train.tsv", "SST-2/dev.tsv", "RTE/train.tsv", "RTE/dev.tsv")


@pytest.mark.parametrize("name", FILES)
def test_the_same_seed_writes_the_same_bytes(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    ended = call("make_sample", "--output_dir", folder)
    assert ended.code == 0, ended.err
    assert (folder / name).read_bytes() == (APP / "data" / name).read_bytes()


def columns(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (APP / "data" / name).read_text().splitlines()[1:]]


def test_both_labels_are_nearly_as_frequent_and_no_text_comes_twice():
    for task in ("SST-2", "RTE"):
        rows = columns(f"{task}/train.tsv") + columns(f"{task}/dev.tsv")
        texts = [tuple(row[:-1] if task == "SST-2" else row[1:-1]) for row in rows]
        assert len(set(texts)) == len(texts)
        share = sum(row[-1] in ("1", "entailment") for row in rows) / len(rows)
        assert 0.45 < share < 0.55


def test_no_word_gives_a_remark_away():
    """`dull` stands in praise too (`never dull`), and `funny` in blame."""
    rows = columns("SST-2/train.tsv")
    for word in ("dull", "funny", "lazy", "warm"):
        labels = [label for text, label in rows if word in text.split()]
        assert 0.2 < labels.count("1") / len(labels) < 0.8


def test_there_is_no_leak_from_dev():
    for task, place in (("SST-2", 0), ("RTE", 1)):
        train, dev = ({row[place] for row in columns(f"{task}/{split}.tsv")} for split in ("train", "dev"))
        assert not train & dev


def test_nothing_is_overwritten_unasked(tmp_path):
    assert call("make_sample", "--output_dir", tmp_path, "--remarks", 100, "--pairs", 100).code == 0
    ended = call("make_sample", "--output_dir", tmp_path)
    assert ended.code == 2 and "already there; pass --overwrite" in ended.err
    ended = call("make_sample", "--output_dir", tmp_path, "--pairs", 10)
    assert ended.code == 2 and "--pairs must be 100 to 20000, got 10" in ended.err
