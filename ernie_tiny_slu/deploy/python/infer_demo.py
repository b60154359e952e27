# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Understand commands: from --text, from --input_file, or typed (or piped) line by line. Prints one JSON a line."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from common import cli
from common.data import lines

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from slu.predictor import SluPredictor

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
        texts = lines.read(options.input_file)
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
        texts = options.text or lines.typed()
    waiting = not options.input_file and not options.text and lines.is_person()
    for answer in predictor.answer_stream(iter(texts), 1 if waiting else options.batch_size):
        lines.print_json(answer)


if __name__ == "__main__":
    cli.run(main, Options)
