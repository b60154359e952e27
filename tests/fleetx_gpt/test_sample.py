# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The sample data: what the generator writes is what lies in data/sample, and what may be said of it."""

import json
import sys

import numpy as np
import pytest
from calls import call
from tiny import APP

sys.path.insert(0, str(APP / "data"))
SAMPLE = APP / "data" / "sample"


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


def test_images_are_held_back(tmp_path):
    ended = call("hold_out", "--images", SAMPLE / "images.npz", "--output", tmp_path / "held.npz", "--share", 0.1)
    assert ended.code == 0 and "540 to train on, 60 held back" in ended.out
    with np.load(SAMPLE / "images.npz") as whole, np.load(tmp_path / "held.npz") as cut:
        together = np.concatenate([cut["train_images"], cut["test_images"]])
        assert sorted(map(bytes, together)) == sorted(map(bytes, whole["train_images"]))  # and none of the real test's
    for words, message in (
        (["--share", 1.5], "--share must be above 0 and below 1, got 1.5"),
        (["--images", tmp_path / "none.npz"], "no such file of images (--images)"),
        (["--images", SAMPLE / "test.txt"], "no .npz with train_images and train_labels"),
    ):
        given = ["--images", SAMPLE / "images.npz", "--output", tmp_path / "other.npz", *words]
        ended = call("hold_out", *(given[2:] if "--images" in words else given))
        assert ended.code == 2 and message in ended.err and len(ended.err.splitlines()) == 1
