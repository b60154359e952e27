# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Shapes that TensorRT is built for: collected from data by one run of the program, written down, checked again."""

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import files
from common.bundle import Bundle
from common.cli import UserError, one_line
from common.engines.job import Job
from common.engines.paddle_program import plain_config, take_gpu

import numpy as np

SHAPES = "collect_shape_range_info.pbtxt"  # what a file of collected shapes is called beside a bundle


PROGRAM_LINE = "# collected from a program with sha256 {}\n"


RANGE = re.compile(r'shape_range_info \{\s*name: "([^"]+)"((?:\s*min_shape: -?\d+)*)((?:\s*max_shape: -?\d+)*)')


@dataclass(frozen=True)
class TunedJob(Job):
    """TensorRT built for the shapes that data has shown, not for every shape up to the longest.

    Attributes:
        ranges: file that `collect_shapes` wrote.
        batch: sentences of the largest batch.
    """

    ranges: Path
    batch: int


def collect_shapes(job: Job, batches: Iterable[Sequence[np.ndarray]], path: Path, inference: Any = None) -> int:
    """Run batches once and write down between which shapes every tensor of the program was, for a `TunedJob`.

    The program runs as it stands, without fusions and without TensorRT, so that a CPU will do.

    Args:
        job: for the program, on the device "cpu" or "gpu".
        batches: arrays in the order of the bundle's inputs; the largest and the smallest that are to come among them.
        path: the file, written whole or not at all.

    Returns:
        How many batches were run.

    Raises:
        UserError: no batch at all, or a program that Paddle does not run.
        EnvironmentLacks: the GPU was asked for and not taken.
    """
    if inference is None:
        from paddle import inference

    config = plain_config(inference, job)
    if job.device == "cpu":
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(job.threads)
    else:
        take_gpu(inference, config, job, inference.PrecisionType.Float32)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / SHAPES
        try:
            used = run_once(inference, config, job, batches, raw)
        except (RuntimeError, ValueError) as fault:
            raise UserError(
                f"{job.files[0]}: Paddle cannot run it: {one_line(fault)[:200]}; export it again"
            ) from fault
        if not used:
            raise UserError(f"{path}: no batch to collect shapes from; give data with at least one line")
        program = job.bundle.manifest["files"][job.files[0].name]["sha256"]
        files.write_text(path, PROGRAM_LINE.format(program) + files.read_text(raw))
    return used


def read_shapes(path: Path | str) -> dict[str, tuple[list[int], list[int]]]:
    """Smallest and largest shape of each tensor in a file that `collect_shapes` wrote.

    Raises:
        UserError: no such file, or nothing of the kind in it.
    """
    text = files.read_text(path, "file of collected shapes")
    found = {
        name: tuple([int(number) for number in re.findall(r"-?\d+", numbers)] for numbers in (least, most))
        for name, least, most in RANGE.findall(text)
    }
    if not found:
        raise UserError(f"{path}: no shapes in it; collect them again with --collect_shape")
    return found


def check_shapes(path: Path | str, bundle: Bundle, batches: Iterable[Sequence[np.ndarray]]) -> None:
    """Raises `UserError` where collected shapes are of another program, or do not reach as far as the batches."""
    ranges = read_shapes(path)
    mend = "collect them again with --collect_shape and the same data, batch size and length"
    program = bundle.manifest["files"]["model.pdmodel"]["sha256"]
    head = files.read_text(path).split("\n", 1)[0] + "\n"
    if head.startswith(PROGRAM_LINE.format("")[:-1]) and head != PROGRAM_LINE.format(program):
        raise UserError(f"{path}: these shapes were collected from another program than {bundle.path} holds; {mend}")
    for batch in batches:
        for declared, array in zip(bundle.inputs, batch, strict=True):
            name = declared["name"]
            if name not in ranges:
                raise UserError(f"{path}: no shapes of the input `{name}`; {mend}")
            least, most = ranges[name]
            inside = [low <= size <= high for low, size, high in zip(least, array.shape, most, strict=False)]
            if len(inside) != array.ndim or not all(inside):
                raise UserError(f"{path}: `{name}` is {list(array.shape)}, but {least} to {most} was collected; {mend}")


def run_once(inference: Any, config: Any, job: Job, batches: Iterable[Sequence[np.ndarray]], path: Path) -> int:
    config.collect_shape_range_info(str(path))
    collector = inference.create_predictor(config)  # the file is written when it ends
    used = 0
    for batch in batches:
        for each, array in zip(job.bundle.inputs, batch, strict=True):
            collector.get_input_handle(each["name"]).copy_from_cpu(np.ascontiguousarray(array, each["dtype"]))
        collector.run()
        used += 1
    return used
