# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Images of a .npz."""

from common.cli import UserError

import numpy as np
import pytest
from fleetx.inputs import images


@pytest.fixture
def pictures(tmp_path):
    random = np.random.default_rng(0)
    arrays = {
        f"{split}_{kind}": random.integers(0, 10 if kind == "labels" else 256, shape).astype("uint8")
        for split in ("train", "test")
        for kind, shape in (("images", (6, 8, 8, 3)), ("labels", (6,)))
    }
    np.savez(tmp_path / "images.npz", **arrays)
    return tmp_path / "images.npz"


def test_images(pictures):
    train = images.read(pictures, "train", 8, 3, 10, "key")
    pixels, labels = train.batch(np.array([4, 2]))
    assert pixels.shape == (2, 3, 8, 8) and pixels.dtype == "float32" and labels.dtype == "int64"
    np.testing.assert_allclose(pixels[0, 1] * 127.5 + 127.5, train.pixels[4, :, :, 1], atol=1e-4)
    mirrored, _ = train.batch(np.arange(6), np.random.default_rng(1))
    plain, _ = train.batch(np.arange(6))
    turned = [np.array_equal(a, b[:, :, ::-1]) for a, b in zip(mirrored, plain, strict=True)]
    assert 0 < sum(turned) < 6 and all(
        np.array_equal(a, b) or t for a, b, t in zip(mirrored, plain, turned, strict=True)
    )
    assert images.read(pictures, "test", 16, 3, 10, "key").pixels.shape == (6, 16, 16, 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("val", 8, 3, 10), "not a .npz with val_images and val_labels"),
        (("train", 8, 1, 10), "3 colours, but Model.num_channels is 1"),
        (("train", 8, 3, 2), "but Model.num_classes is 2"),
    ],
)
def test_bad_images(pictures, words, message):
    with pytest.raises(UserError) as fault:
        images.read(pictures, *words, "key")
    assert message in str(fault.value)


def test_files_that_hold_no_images(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"text")
    np.savez(tmp_path / "b.npz", train_images=np.zeros((2, 4, 5, 3), "uint8"), train_labels=np.zeros(2))
    np.savez(tmp_path / "c.npz", train_images=np.zeros((2, 4, 4, 3), "uint8"), train_labels=np.zeros(3))
    for name, message in (("a", "not a .npz with"), ("b", "expected uint8"), ("c", "2 images, but 3 labels")):
        with pytest.raises(UserError, match=message):
            images.read(tmp_path / f"{name}.npz", "train", 4, 3, 10, "key")
