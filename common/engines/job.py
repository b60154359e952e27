# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What an engine is asked to open.

Each engine has a module with one class, which imports its library when it is made and nothing else: peak memory is
published. All classes have `run(arrays) -> arrays`, `input_types` (name to dtype as the model file says) and
`output_names`, in the order of `run`. `runtime.load` makes them, once it has checked the bundle and the combination.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from common import machine
from common.bundle.bundle import Bundle

TRT_BATCH = 32  # the largest batch a TensorRT engine is built for
SATURATES = "this CPU has no VNNI, signed 8-bit products would saturate"


@dataclass(frozen=True)
class Job:
    """What to open and how."""

    bundle: Bundle
    files: tuple[Path, ...]
    engine: str
    device: str
    threads: int
    precision: str

    @property
    def shapes(self) -> dict[str, tuple[list[int], list[int], list[int]]]:
        """Smallest, usual and largest shape of each input, for engines that are built for a range."""
        length = self.bundle.max_length
        return {each["name"]: ([1, 2], [1, length], [TRT_BATCH, length]) for each in self.bundle.inputs}

    @property
    def saturates(self) -> bool:
        """Whether INT8 kernels would cut sums of two 8-bit products to 16 bits: wrong answers without an error."""
        return self.precision == "int8" and self.device == "cpu" and not machine.has_int8_dot_product()


def warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)
