# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bundles of an architecture's real size at each width with random weights: their times are real, their answers not."""

from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.engines.allowed import MUST_PASS, check_gate_engines
from common.train.options import check_widths

from glue.options import check_length


@dataclass(kw_only=True)
class Options:
    """Write `<output_dir>/original`, `width_0.6667` and so on, and each of them in INT8, as export_model.py would."""

    model_name_or_path: str = "bert-base-uncased"
    """Whose configuration: a name that PaddleNLP knows. Nothing is downloaded."""
    num_hidden_layers: int | None = None
    """Fewer layers, to try it out."""
    hidden_size: int | None = None
    """Fewer features, a multiple of 64, to try it out."""
    vocab_size: int | None = None
    """Fewer words, to try it out."""
    width_mult_list: tuple[float, ...] = (5 / 6, 2 / 3, 0.5)
    """Widths beside the whole one."""
    max_seq_length: int = 128
    """Longest input in tokens."""
    output_dir: Path
    """Where the folders go; those that are there already stay."""
    gate_engines: tuple[str, ...] = ("paddle", "onnxruntime", "openvino")
    """Engines that are compared."""
    seed: int = 42
    """Of weights and texts."""
    nncf: bool = False
    """For OpenVINO a file of its own in INT8, quantised by NNCF."""

    must_pass = MUST_PASS
    min_agreement = 0.0  # decisions of random weights hang on a hair

    def __post_init__(self):
        check_widths(self.width_mult_list)
        check_length(self.max_seq_length)
        check_gate_engines(self.gate_engines)


def main(options: Options) -> None:
    from bench import random_model  # imports paddle, which takes seconds: only after --help and the options' own checks

    random_model.run(options)


if __name__ == "__main__":
    cli.run(main, Options)
