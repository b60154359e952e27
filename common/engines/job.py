# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What an engine is asked to open, and what every engine class offers.

The classes stand in `onnx_runtime`, `openvino`, `paddle`, `paddle_lite` and `fastdeploy`. Each imports its library when
an object is made, and no other library: the peak memory of a serving process is published.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from common import machine
from common.bundle import Bundle

import numpy as np

TRT_BATCH = 32  # the largest batch a TensorRT engine is built for
SATURATES = "this CPU has no VNNI, signed 8-bit products would saturate"


@dataclass(frozen=True)
class Job:
    """What to open and how.

    Attributes:
        bundle: a checked bundle.
        files: its model files that the engine opens, the model before its weights.
        engine: a name of `allowed.ENGINES`.
        device: "cpu", "gpu" or "kunlunxin".
        threads: CPU threads of one call.
        precision: "fp32", "bf16", "fp16" or "int8", as the allow-list permits.
    """

    bundle: Bundle
    files: tuple[Path, ...]
    engine: str
    device: str
    threads: int
    precision: str

    @property
    def input_names(self) -> list[str]:
        """In the manifest's order, which is the order of `Engine.run`."""
        return [each["name"] for each in self.bundle.inputs]

    @property
    def shapes(self) -> dict[str, tuple[list[int], list[int], list[int]]]:
        """Smallest, usual and largest shape of each input, for engines that are built for a range."""
        length = self.bundle.max_length
        return {name: ([1, 2], [1, length], [TRT_BATCH, length]) for name in self.input_names}

    @property
    def saturates(self) -> bool:
        """Whether signed INT8 kernels would cut sums of two 8-bit products to 16 bits: wrong answers, no error."""
        return self.precision == "int8" and self.device == "cpu" and not machine.has_int8_dot_product()


class Engine(Protocol):
    """A model that a library has loaded.

    Attributes:
        input_types: name of each input to its dtype, as the model file says.
        output_names: in the order of what `run` returns.
    """

    input_types: dict[str, str]
    output_names: list[str]

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """One batch: arrays in the order of the manifest's inputs to arrays in the order of `output_names`."""
        ...


def warn(message: str) -> None:
    """One line on stderr."""
    print(f"warning: {message}", file=sys.stderr)
