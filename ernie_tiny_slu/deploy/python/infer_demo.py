# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Understand commands: from --text, from --input_file, or typed (or piped) line by line. Prints one JSON a line."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from common import cli, files

from slu import SluPredictor

Backend = Literal["paddle", "onnx_runtime", "openvino", "paddle_lite", "tensorrt", "paddle_tensorrt"]
ENGINES = {
    "native": {
        "paddle": "paddle",
        "onnx_runtime": "onnxruntime",
        "openvino": "openvino",
        "paddle_lite": "paddlelite",
        "tensorrt": "onnxruntime_tensorrt",
        "paddle_tensorrt": "paddle_tensorrt",
    },
    "fastdeploy": {
        "paddle": "fastdeploy_paddle",
        "onnx_runtime": "fastdeploy_onnxruntime",
        "openvino": "fastdeploy_openvino",
        "tensorrt": "fastdeploy_tensorrt",
        "paddle_tensorrt": "fastdeploy_paddle_tensorrt",
    },
}


@dataclass
class Options:
    """Intent and slots of spoken commands, from a bundle that run_train.py exported."""

    model_dir: Path | None = None
    """The bundle's folder."""
    bundle: Path | None = None
    """The same under its other name."""
    backend: Literal["paddle", "onnx_runtime", "openvino", "paddle_lite", "tensorrt", "paddle_tensorrt"] = (
        "onnx_runtime"
    )
    """Which engine computes."""
    library: Literal["native", "fastdeploy"] = "native"
    """The engines' own Python libraries, or FastDeploy's runtime over them."""
    device: Literal["cpu", "gpu", "kunlunxin"] = "cpu"
    """Where it computes; TensorRT is for gpu only."""
    decoder: Literal["argmax", "bio", "crf"] | None = None
    """How slot tags are picked; the bundle's own if not given."""
    batch_size: int = 1
    """Texts per call of the engine."""
    max_length: int | None = None
    """Tokens read of a text, [CLS] and [SEP] counted; the bundle's if not given."""
    cpu_num_threads: int = 1
    """Threads of one call on the CPU."""
    use_fp16: bool = False
    """Half precision, with --device gpu only."""
    input_file: Path | None = None
    """UTF-8, one text a line."""
    text: tuple[str, ...] = field(default_factory=tuple)
    """One text or more."""

    def __post_init__(self):
        if (self.model_dir is None) == (self.bundle is None):
            raise cli.UserError("give the bundle's folder, once: --model_dir DIR (or --bundle DIR)")
        if self.text and self.input_file:
            raise cli.UserError("--text and --input_file exclude each other; give one")
        if self.use_fp16 and self.device != "gpu":
            raise cli.UserError(f"--use_fp16 needs --device gpu, got --device {self.device}; leave it out")
        if "tensorrt" in self.backend and self.device != "gpu":
            raise cli.UserError(f"--backend {self.backend} needs --device gpu, got --device {self.device}")
        if self.backend not in ENGINES[self.library]:
            raise cli.UserError(
                f"--library {self.library} has no {self.backend} (its wheel is built without); take --library native"
            )
        for name in ("batch_size", "cpu_num_threads"):
            if getattr(self, name) < 1:
                raise cli.UserError(f"--{name} must be at least 1, got {getattr(self, name)}")


def main(options: Options) -> None:
    if options.input_file:
        texts = files.read_text(options.input_file, "input file").removesuffix("\n").split("\n")
        texts = [text.removesuffix("\r") for text in texts]
    predictor = SluPredictor(
        options.model_dir or options.bundle,
        engine=ENGINES[options.library][options.backend],
        decoder=options.decoder,
        device=options.device,
        threads=options.cpu_num_threads,
        precision="fp16" if options.use_fp16 else None,
        max_length=options.max_length,
    )
    if not options.input_file:
        texts = options.text or typed_lines()
    waiting = not options.input_file and not options.text and sys.stdin.isatty()  # a person gets an answer per line
    for answer in predictor.answer_stream(iter(texts), 1 if waiting else options.batch_size):
        print_json(answer)


def typed_lines() -> Iterator[str]:
    """Lines of stdin until its end; a prompt where a person sits there."""
    asking = sys.stdin.isatty()
    for number in range(1, sys.maxsize):
        if asking:
            print("> ", end="", file=sys.stderr, flush=True)
        try:
            raw = sys.stdin.buffer.readline()
            if not raw:
                return
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except KeyboardInterrupt:
            return
        except UnicodeDecodeError as fault:
            raise cli.UserError(f"stdin:{number}: byte {fault.start} is not UTF-8; convert the text") from None


def print_json(answer: dict) -> None:
    """One UTF-8 line, whatever the locale; escapes only where a text holds what UTF-8 cannot."""
    try:
        line = json.dumps(answer, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        line = json.dumps(answer).encode()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        cli.run(main, Options)
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
