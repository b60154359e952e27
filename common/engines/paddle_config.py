# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Settings of Paddle Inference, whose switches are silently ignored by builds that lack what they switch.

Functions take the module `paddle.inference` as an argument, so that what is switched can be seen without a GPU.
"""

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common  # noqa: F401  before paddle
from common import files
from common.bundle.bundle import Bundle
from common.cli import EnvironmentLacks, UserError, one_line
from common.engines.devices import GPU
from common.engines.job import SATURATES, TRT_BATCH, Job, saturates, warn

import numpy as np

WORKSPACE, SMALLEST_PART = 1 << 28, 3  # bytes TensorRT may use while it builds; operators that a part for it must have
TUNED_WORKSPACE, TUNED_SMALLEST_PART = 1 << 30, 5  # the same as the document has them
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


def predictor(job: Job, inference: Any = None) -> Any:
    """A paddle.inference predictor.

    Raises:
        EnvironmentLacks: the GPU was asked for and not taken (`devices.probe` has looked before).
    """
    if inference is None:
        from paddle import inference

    config = _base(inference, job)
    if job.device == "cpu":
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(job.threads)
        config.enable_mkldnn()
        config.set_mkldnn_cache_capacity(4 * job.bundle.max_length)  # it keeps kernels per length
        if job.precision == "bf16":
            config.enable_mkldnn_bfloat16()
        if job.precision == "int8":
            # `int8_ops` is the exporter's choice of what oneDNN computes in INT8. An empty list: nothing, since it
            # restores weights with a scale per channel wrongly; the program is then right, but slower than FP32.
            operators = job.bundle.manifest.get("int8_ops")
            if saturates(job):
                warn(f"{SATURATES}: Paddle Inference takes no INT8 kernels, exact but slower; onnxruntime is faster")
            elif operators is None:
                config.enable_mkldnn_int8()
            elif operators:
                config.enable_mkldnn_int8(set(operators))
            else:
                warn("Paddle Inference runs this INT8 bundle without INT8 kernels (weights per channel), slowly")
    elif job.device == "kunlunxin":
        config.enable_xpu()
    else:
        with tempfile.TemporaryDirectory() as folder:
            _use_gpu(inference, config, job, Path(folder))
            return inference.create_predictor(config)
    return inference.create_predictor(config)


def input_types(program: Path, names: list[str]) -> dict[str, str]:
    """The dtype of each input as the program file declares it; a predictor's handles do not know before a run."""
    from paddle.base import core

    described = core.ProgramDesc(program.read_bytes())  # must outlive its block
    block = described.block(0)
    kinds = {core.VarDesc.VarType.INT32: "int32", core.VarDesc.VarType.INT64: "int64"}
    return {name: kinds.get(kind := block.find_var(name.encode()).dtype(), str(kind)) for name in names}


def _base(inference: Any, job: Job) -> Any:
    config = inference.Config(*map(str, job.files))
    config.disable_glog_info()
    config.enable_memory_optim()
    config.switch_ir_optim(True)
    return config


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

    config = _base(inference, job)
    if job.device == "cpu":
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(job.threads)
    else:
        _take_gpu(inference, config, job, inference.PrecisionType.Float32)
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


def _take_gpu(inference: Any, config: Any, job: Job, precision: Any) -> None:
    config.enable_use_gpu(256, 0, precision)
    if not config.use_gpu():  # it does not raise
        raise EnvironmentLacks(f"{job.engine}: Paddle did not take the GPU; {GPU}")


def _use_gpu(inference: Any, config: Any, job: Job, folder: Path) -> None:
    half = job.precision == "fp16"
    precision = inference.PrecisionType.Half if half else inference.PrecisionType.Float32
    _take_gpu(inference, config, job, precision)
    if job.engine != "paddle_tensorrt":
        return
    # TensorRT is built for a range of shapes, of the tensors inside the program too.
    tuned = isinstance(job, TunedJob)
    ranges = job.ranges if tuned else _widest_shapes(inference, job, folder)
    config.enable_tensorrt_engine(
        workspace_size=TUNED_WORKSPACE if tuned else WORKSPACE,
        max_batch_size=job.batch if tuned else TRT_BATCH,
        min_subgraph_size=TUNED_SMALLEST_PART if tuned else SMALLEST_PART,
        precision_mode=inference.PrecisionType.Int8 if job.precision == "int8" else precision,
        use_static=False,
        use_calib_mode=False,
    )
    config.enable_tuned_tensorrt_dynamic_shape(str(ranges), True)


def _widest_shapes(inference: Any, job: Job, folder: Path) -> Path:
    """Collected by one plain run of the smallest and one of the largest shape of the inputs."""
    plain = _base(inference, job)
    _take_gpu(inference, plain, job, inference.PrecisionType.Float32)
    inputs = job.bundle.inputs
    batches = [[np.ones(job.shapes[each["name"]][place], each["dtype"]) for each in inputs] for place in (0, 2)]
    _collect(inference, plain, job, batches, folder / SHAPES)
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
