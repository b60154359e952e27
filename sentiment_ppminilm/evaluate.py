# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Score a trained checkpoint on a labelled file: precision, recall and F1 of the positive class, and F1 per class."""

from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError

from aspect.options import check_max_seq_len


@dataclass(kw_only=True)
class Options:
    """Evaluate a checkpoint."""

    checkpoints: Path = Path("checkpoints/pp_checkpoints")
    """Folder that train.py wrote."""
    test_path: Path = Path("data/cls_data/test.txt")
    """Labelled file: label, aspect, text, tab-separated."""
    label_path: Path | None = None
    """Label file to compare with the checkpoint's own labels."""
    base_model_name: str | None = None
    """Not needed, the checkpoint knows; if given, it must be the trained architecture."""
    batch_size: int = 16
    """Rows per batch."""
    max_seq_len: int = 256
    """Longest input in tokens."""
    device: str | None = None
    """cpu, gpu or xpu; if not given, a GPU where there is one."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        if self.batch_size < 1:
            raise UserError(f"--batch_size must be at least 1, got {self.batch_size}")
        check_max_seq_len(self.max_seq_len)


def main(options: Options) -> None:
    from aspect import train  # imports paddle, which takes seconds: only after --help and the options' own checks

    train.evaluate(options)


if __name__ == "__main__":
    cli.run(main, Options)
