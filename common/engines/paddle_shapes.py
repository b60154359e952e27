# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Between which shapes every tensor of a program was while data ran through it: what TensorRT is built for.

Functions take the module `paddle.inference` as an argument, so that they can be tried without a GPU.
"""

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common import files
from common.bundle import Bundle
from common.cli import UserError, one_line
from common.engines import paddle_config
from common.engines.job import Job

import numpy as np

SHAPES = "collect_shape_range_info.pbtxt"  # what a file of collected shapes is called beside a bundle
PROGRAM_LINE = "# collected from a program with sha256 {}\n"
RANGE = re.compile(r'shape_range_info \{\s*name: "([^"]+)"((?:\s*min_shape: -?\d+)*)((?:\s*max_shape: -?\d+)*)')


@dataclass(frozen=True)
class TunedJob(Job):
    """TensorRT built for the shapes that data has shown, not for every shape up to the longest.

    Attributes:
        ranges: file that `collect_shapes` wrote.
        batch: rows of the largest batch.
    """

    ranges: Path
    batch: int


def collect_shapes(job: Job, batches: Iterable[Sequence[np.ndarray]], path: Path, inference: Any = None) -> int:
    """Run batches once and write down between which shapes every tensor of the program was, for a `TunedJob`.

    The program runs as it stands, without fusions and without TensorRT, so that a CPU will do.

    Args:
        job: for the program, on the device "cpu" or "gpu".
        batches: integers [batch, length] in the order of the bundle's inputs; the largest and the smallest that are to
            come among them.
        path: the file, written whole or not at all.
        inference: a stand-in of `paddle.inference`.

    Returns:
        How many batches were run.

    Raises:
        UserError: no batch at all, or a program that Paddle does not run.
        EnvironmentLacks: the GPU was asked for and not taken.
    """
    if inference is None:
        from paddle import inference

    config = paddle_config.base(inference, job)
    if job.device == "cpu":
        paddle_config.plain_cpu(config, job)
    else:
        paddle_config.gpu(inference, config, replace(job, precision="fp32"))
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / SHAPES
        try:
            used = _collect(inference, config, job, batches, raw)
        except (RuntimeError, ValueError) as fault:
            raise UserError(
                f"{job.files[0]}: Paddle cannot run it: {one_line(fault)[:200]}; export it again"
            ) from fault
        if not used:
            raise UserError(f"{path}: no batch to collect shapes from; give data with at least one line")
        program = job.bundle.manifest["files"][job.files[0].name]["sha256"]
        files.write_text(path, PROGRAM_LINE.format(program) + files.read_text(raw))
    return used


def collect_widest_shapes(job: Job, folder: Path, inference: Any) -> Path:
    """A file of shapes in `folder`, collected on the GPU by one run of the smallest and one of the largest input.

    Raises:
        EnvironmentLacks: the GPU was not taken.
    """
    config = paddle_config.base(inference, job)
    paddle_config.gpu(inference, config, replace(job, precision="fp32"))
    inputs = job.bundle.inputs
    batches = [[np.ones(job.shapes[each["name"]][place], each["dtype"]) for each in inputs] for place in (0, 2)]
    _collect(inference, config, job, batches, folder / SHAPES)
    return folder / SHAPES


def _collect(inference: Any, config: Any, job: Job, batches: Iterable[Sequence[np.ndarray]], path: Path) -> int:
    config.collect_shape_range_info(str(path))
    collector = inference.create_predictor(config)  # the file is written when it ends
    used = 0
    for batch in batches:
        for each, array in zip(job.bundle.inputs, batch, strict=True):
            collector.get_input_handle(each["name"]).copy_from_cpu(np.ascontiguousarray(array, each["dtype"]))
        collector.run()
        used += 1
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
    """Whether collected shapes are those of the bundle's program and reach as far as the batches.

    Raises:
        UserError: they are of another program, or do not reach that far; with both shapes.
    """
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
