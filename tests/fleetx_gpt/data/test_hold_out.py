# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Images that are held back."""

import sys

import numpy as np
from calls import call
from tiny import APP

SAMPLE = APP / "data" / "sample"
sys.path.insert(0, str(APP / "data"))


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
