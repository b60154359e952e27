# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Measure how fast an exported model answers, or with --eval how well."""

import sys
from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError, did_you_mean
from common.engines import allowed

DEVICES = ("cpu", "gpu", "xpu")
COUNTS = ("num_epochs", "batch_size", "perf_warmup_steps", "threads")


@dataclass(kw_only=True)
class Options:
    """Time a bundle on labelled data: tokenising, batches, epochs; or score it, or collect its shapes for TensorRT."""

    model_path: Path = Path("checkpoints/pp_checkpoints/quant/infer")
    """Exported model without its ending, or the bundle's folder."""
    test_path: Path = Path("data/cls_data/test.txt")
    """Labelled file: label, aspect, text, tab-separated."""
    label_path: Path | None = None
    """Label file to compare with the model's own labels, which are taken if not given."""
    base_model_name: str | None = None
    """Architecture that the model must have: ppminilm-6l-768h, skep_ernie_1.0_large_ch, or a model's folder."""
    num_epochs: int = 1
    """Passes over the data that are timed."""
    batch_size: int = 16
    """Rows per batch."""
    max_seq_len: int | None = None
    """Longest input in tokens; the model's if not given."""
    perf_warmup_steps: int | None = None
    """Batches that run before the clock counts; all of the data once if not given."""
    use_tensorrt: bool = False
    """Paddle Inference through TensorRT, on a GPU, with the shapes that --collect_shape wrote."""
    int8: bool = False
    """The model is INT8; with --use_tensorrt it must be said."""
    fp16: bool = False
    """Half precision, on a GPU."""
    collect_shape: bool = False
    """Run the data once, write the range of every shape beside the model, and stop."""
    eval: bool = False
    """Print accuracy, precision, recall and F1 in place of times."""
    device: str | None = None
    """cpu, gpu or xpu; if not given, a GPU where there is one that the engine can use."""
    engine: str = "paddle"
    """Which engine computes; the document's is paddle."""
    threads: int = 1
    """Threads of one call on the CPU."""
    output_dir: Path | None = None
    """Folder for speed_results.json, or with --eval eval_results.json; nothing is written if not given."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        for name in COUNTS:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"--{name} must be at least 1, got {value}")
        if self.engine not in allowed.ENGINES:
            near = did_you_mean(self.engine, allowed.ENGINES)
            raise UserError(f"--engine `{self.engine}`{near}; there are {', '.join(allowed.ENGINES)}")
        if self.device not in (None, *DEVICES):
            raise UserError(f"--device `{self.device}`; there are {', '.join(DEVICES)}")
        if self.use_tensorrt:
            self._check_tensorrt()
        if self.int8 and self.fp16:
            raise UserError("--int8 and --fp16 exclude each other: an INT8 model computes the rest in FP32")
        if self.fp16 and self.device not in (None, "gpu"):
            raise UserError(f"--fp16 needs --device gpu, got --device {self.device}; leave it out")
        if self.collect_shape:
            self._check_collecting()

    def _check_tensorrt(self) -> None:
        if self.engine not in ("paddle", "paddle_tensorrt"):
            raise UserError(
                f"--use_tensorrt is for --engine paddle, got {self.engine}; leave it out, or take --engine "
                "onnxruntime_tensorrt for TensorRT through another library"
            )
        if self.device not in (None, "gpu"):
            raise UserError(f"--use_tensorrt needs --device gpu, got --device {self.device}; leave one of them out")

    def _check_collecting(self) -> None:
        if self.engine not in ("paddle", "paddle_tensorrt"):
            raise UserError(f"--collect_shape is for --engine paddle, got {self.engine}; no other needs shapes")
        if self.eval:
            raise UserError("--collect_shape and --eval exclude each other; collect in a run of its own")
        if self.device == "xpu":
            raise UserError("--collect_shape runs on cpu or gpu, got --device xpu")


def main(options: Options) -> None:
    from aspect import speed  # imports the libraries of data and engines: only after --help and the options' own checks

    speed.run(options)


def words() -> list[str]:
    """Our command line without a last backslash: the document's command ends in one, and so does a copy of it."""
    given = sys.argv[1:]
    return given[:-1] if given and not given[-1].strip("\\ \r\n") else given


if __name__ == "__main__":
    cli.run(main, Options, words())
