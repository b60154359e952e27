# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The sample data."""

import json
import sys

import numpy as np
import pytest
from calls import call
from tiny import APP

SAMPLE = APP / "data" / "sample"
sys.path.insert(0, str(APP / "data"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    ended = call("make_sample", "--output_dir", folder)
    assert ended.code == 0, ended.err
    return folder


@pytest.mark.parametrize("name", ["train.txt", "test.txt", "cloze.jsonl"])
def test_the_same_seed_writes_the_same_text(name, written):
    assert (written / name).read_bytes() == (SAMPLE / name).read_bytes()


def test_the_same_seed_draws_the_same_images(written):
    with np.load(written / "images.npz") as new, np.load(SAMPLE / "images.npz") as old:
        assert sorted(new) == sorted(old) and len(old["train_labels"]) == 600 and len(old["test_labels"]) == 100
        for name in old:
            np.testing.assert_array_equal(new[name], old[name])
        assert np.bincount(old["train_labels"]).min() > 100  # each of the four shapes is about as frequent


def test_no_test_story_is_in_train_and_last_words_follow_from_the_story():
    train, test = ((SAMPLE / name).read_text().splitlines() for name in ("train.txt", "test.txt"))
    assert len(set(train) | set(test)) == len(train) + len(test) == 1300
    passages = [json.loads(line)["text"] for line in (SAMPLE / "cloze.jsonl").read_text().splitlines()]
    assert [f"{each}." for each in passages] == test
    for passage in passages:
        before, _, word = passage.rpartition(" ")
        assert f" {word} " in before or f" {word}." in before


def test_nothing_is_overwritten_unasked(tmp_path):
    assert call("make_sample", "--output_dir", tmp_path, "--stories", 60, "--images", 60).code == 0
    ended = call("make_sample", "--output_dir", tmp_path)
    assert ended.code == 2 and "already there; pass --overwrite" in ended.err
    ended = call("make_sample", "--output_dir", tmp_path, "--stories", 5)
    assert ended.code == 2 and "--stories must be 60 to 20000, got 5" in ended.err
