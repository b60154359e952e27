# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A .npz of images whose test part is held back out of the training part, so that nothing is chosen on the real test.

python data/hold_out.py --images ../shared/data/images/cifar10_small.npz --output checkpoints/images.npz
"""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli, files
from common.cli import UserError, one_line

import numpy as np


@dataclass
class Options:
    """Cut the training images in two."""

    images: Path
    """A .npz with train_images and train_labels."""
    output: Path
    """The .npz to write: train_… what is trained on, test_… what was held back."""
    share: float = 0.1
    """Share that is held back."""
    seed: int = 1024
    """Of the choice."""

    def __post_init__(self):
        if not 0 < self.share < 1:
            raise UserError(f"--share must be above 0 and below 1, got {self.share:g}")


def main(options: Options) -> None:
    files.require(options.images, "file of images (--images)")
    try:
        with np.load(options.images) as arrays:
            pixels, labels = arrays["train_images"], arrays["train_labels"]
    except (KeyError, ValueError, OSError, EOFError) as fault:
        raise UserError(f"{options.images}: no .npz with train_images and train_labels: {one_line(fault)}") from None
    order = np.random.default_rng(options.seed).permutation(len(labels))
    count = max(1, round(len(labels) * options.share))
    parts = {"test": np.sort(order[:count]), "train": np.sort(order[count:])}
    if not len(parts["train"]):
        raise UserError(f"{options.images}: {len(labels)} images leave none to train on with --share {options.share:g}")
    held = {f"{name}_images": pixels[rows] for name, rows in parts.items()}
    held |= {f"{name}_labels": labels[rows] for name, rows in parts.items()}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    part = options.output.with_name(f".{options.output.stem}.part.npz")
    np.savez(part, **held)
    part.replace(options.output)
    print(f"{len(parts['train'])} to train on, {count} held back: {options.output}")


if __name__ == "__main__":
    cli.run(main, Options)
