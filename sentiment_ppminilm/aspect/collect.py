# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The shapes that TensorRT is built for: collected on real batches, written beside the bundle."""

from collections.abc import Sequence
from pathlib import Path

from common import child
from common.bundle.bundle import Bundle, engine_files
from common.engines import devices, job, paddle_shapes

from aspect.batches import Batch

TENSORRT = "paddle_tensorrt"


def collect_shapes(bundle: Bundle, batches: Sequence[Batch], device: str, threads: int) -> Path:
    """Run the batches once and write the smallest and largest shape of every tensor; prints where.

    Args:
        device: cpu, or gpu where there is one.
        threads: of one call on the CPU.

    Raises:
        UserError, EnvironmentLacks: as `paddle_shapes.collect_shapes`.
    """
    if device != "cpu":
        devices.probe("paddle", device)
    path = shapes_path(bundle)
    running = job.Job(bundle, engine_files(bundle, TENSORRT), "paddle", device, threads, "fp32")
    with child.stdout_to_stderr():
        used = paddle_shapes.collect_shapes(running, batches, path)
    count = len(paddle_shapes.read_shapes(path))
    print(f"collected: {path}, shapes of {count} tensors in {used} batches; now run without --collect_shape")
    return path


def shapes_path(bundle: Bundle) -> Path:
    """Beside the bundle, where the document has the file."""
    return bundle.path.parent / paddle_shapes.SHAPES
