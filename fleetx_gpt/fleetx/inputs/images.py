# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Images and their classes from a .npz with the arrays {train,test}_images and {train,test}_labels."""

from dataclasses import dataclass
from pathlib import Path

from common import files
from common.cli import UserError, one_line

import numpy as np

MIDDLE = 127.5  # pixels 0..255 become -1..1


@dataclass(frozen=True)
class Images:
    """Attributes: `pixels` uint8 [rows, side, side, channels]; `labels` int64 [rows]."""

    pixels: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: np.ndarray, random: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """float32 [rows, channels, side, side] in -1..1, and int64 [rows]; half are mirrored if `random` is given."""
        pixels = self.pixels[rows]
        if random is not None:
            mirrored = random.random(len(pixels)) < 0.5
            pixels = np.where(mirrored[:, None, None, None], pixels[:, :, ::-1], pixels)
        return (pixels.transpose(0, 3, 1, 2).astype("float32") - MIDDLE) / MIDDLE, self.labels[rows]


def read(path: Path | str, split: str, side: int, channels: int, classes: int, key: str) -> Images:
    """One split, resized to `side` pixels where it has another size.

    Args:
        split: train or test.

    Raises:
        UserError: no such file or arrays, or shapes and labels that do not fit the model.
    """
    path = files.require(path, f"file of images ({key})")
    try:
        with np.load(path) as arrays:
            pixels, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
    except (KeyError, ValueError, OSError, EOFError) as fault:
        raise UserError(
            f"{path}: not a .npz with {split}_images and {split}_labels: {one_line(str(fault))[:80]}"
        ) from None
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1] != pixels.shape[2]:
        raise UserError(
            f"{path}: {split}_images is {pixels.dtype} {pixels.shape}, expected uint8 [rows, side, side, colours]"
        )
    if pixels.shape[3] != channels:
        raise UserError(f"{path}: {pixels.shape[3]} colours, but Model.num_channels is {channels}")
    labels = np.asarray(labels).reshape(-1).astype("int64")
    if len(labels) != len(pixels) or not len(labels):
        raise UserError(f"{path}: {len(pixels)} images, but {len(labels)} labels")
    if labels.min() < 0 or labels.max() >= classes:
        raise UserError(f"{path}: label {labels.max()}, but Model.num_classes is {classes}")
    return Images(pixels if pixels.shape[1] == side else resized(pixels, side), labels)


def resized(pixels: np.ndarray, side: int) -> np.ndarray:
    """uint8 [rows, any, any, channels] -> [rows, side, side, channels], bilinear."""
    from PIL import Image

    def one(image: np.ndarray) -> np.ndarray:
        bands = [Image.fromarray(band).resize((side, side), Image.BILINEAR) for band in image.transpose(2, 0, 1)]
        return np.stack([np.asarray(band) for band in bands], axis=-1)

    return np.stack([one(image) for image in pixels])
