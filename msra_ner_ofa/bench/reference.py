# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bundles of the document's architecture at several widths, with random weights: only their times mean something."""

from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError
from common.engines.allowed import check_gate_engines
from common.train.options import check_widths

from ner.windows import check_length


@dataclass(kw_only=True)
class Options:
    """Write bundles to be timed by `bench/measure.py --scores False`: original/, width_0.5/ and so on."""

    output_dir: Path = Path("checkpoints/reference")
    """Folder for the bundles."""
    model_name_or_path: str = "bert-base-chinese"
    """The architecture, by its name."""
    data_dir: Path = Path("data/msra")
    """Folder with train.txt, for the vocabulary and for the ranges of INT8, and label.txt."""
    width_mult_list: tuple[float, ...] = (0.8333333333333334, 0.6666666666666666, 0.5)
    """Widths beside the full one; the smallest also in INT8."""
    max_seq_length: int = 128
    """Longest input in tokens."""
    num_hidden_layers: int | None = None
    """Layers, where they are to be fewer than in the named architecture."""
    hidden_size: int | None = None
    """Features, a multiple of 64; feed-forward layers have 4 times as many."""
    gate_engines: tuple[str, ...] = ("paddle", "onnxruntime", "openvino")
    """Engines that are compared, and so can be timed."""
    seed: int = 42
    """Of the weights."""

    def __post_init__(self):
        check_widths(self.width_mult_list)
        check_length(self.max_seq_length)
        check_gate_engines(self.gate_engines)
        if self.hidden_size is not None and self.hidden_size % 64:
            raise UserError(f"--hidden_size {self.hidden_size} is no multiple of 64, the size of one head")


def main(options: Options) -> None:
    from bench import random_model  # imports paddle, which takes seconds: only after --help and the options' own checks

    random_model.run(options)


if __name__ == "__main__":
    cli.run(main, Options)
