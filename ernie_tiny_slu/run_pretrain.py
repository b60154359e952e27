# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Pretrain a small ERNIE by masked words on plain text, where no published weights can be had.

Writes a folder of the same form as a downloaded model; give it to run_train.py as --model_name_or_path.
"""
from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.options import TrainingOptions


@dataclass(kw_only=True)
class Options(TrainingOptions):
    """Pretrain by masked words."""

    text_paths: tuple[Path, ...]
    """Plain text files; of tab-separated ones the column --text_column is read."""
    text_column: int = 1
    """Column of the text in tab-separated files, counted from 0."""
    model_name_or_path: str = "ernie-3.0-tiny-nano-v2-zh"
    """Architecture to build."""
    vocab_size: int = 8000
    """Tokens to learn from the text; the table is then widened to the architecture's size."""
    max_seq_length: int = 32
    """Tokens per training row."""

    def __post_init__(self):
        super().__post_init__()
        if not self.text_paths:
            raise cli.UserError("--text_paths needs at least one file")


def main(options: Options) -> None:
    import pretraining

    folder = pretraining.run(options)
    print(f"pretrained model: {folder}")


if __name__ == "__main__":
    cli.run(main, Options)
