# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""data/subsample.py: whole sentences, the same ones for a seed, in their order."""

import sys

from calls import call
from tiny_ner import APP

sys.path.insert(1, str(APP / "data"))


def sentences(path) -> list[str]:
    return path.read_text(encoding="utf-8").strip("\n").split("\n\n")


def test_whole_sentences_in_their_order(tiny, tmp_path):
    chosen = {}
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        words = ["--input", tiny.data / "train.txt", "--output", tmp_path / name, "--rows", 20, "--seed", seed]
        assert call("subsample", *words).code == 0
        chosen[name] = sentences(tmp_path / name)
    assert chosen["first"] == chosen["again"] != chosen["other"] and len(chosen["first"]) == 20
    waiting = iter(sentences(tiny.data / "train.txt"))
    assert all(sentence in waiting for sentence in chosen["first"]), "a subsequence of the file"


def test_the_input_is_never_written_over(tiny, tmp_path):
    path = tmp_path / "train.txt"
    path.write_bytes((tiny.data / "train.txt").read_bytes())
    ended = call("subsample", "--input", path, "--output", path, "--rows", 20, "--overwrite")
    assert ended.code == 2 and "is the input itself; give --output another name" in ended.err
    ended = call("subsample", "--input", tiny.data / "train.txt", "--output", path, "--rows", 20)
    assert ended.code == 2 and "already there; pass --overwrite to replace" in ended.err
