# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Paddle Inference as an engine: oneDNN on the CPU; a GPU plain or with TensorRT; Kunlunxin XPU."""

import tempfile
from pathlib import Path
from typing import Any

from common.child import stdout_to_stderr
from common.engines import paddle_config
from common.engines.job import Job
from common.engines.paddle_config import TensorRtLimits
from common.engines.paddle_shapes import TunedJob, collect_widest_shapes

import numpy as np

DOCUMENT_LIMITS = {"workspace": 1 << 30, "smallest_part": 5}  # as performance_test.py of the document has them


class Paddle:
    """A program in Paddle Inference.

    Raises:
        EnvironmentLacks: as `make_predictor`.
    """

    def __init__(self, job: Job):
        with stdout_to_stderr():  # its INT8 passes report on stdout
            self._predictor = make_predictor(job)
        self.input_types = input_types(job.files[0], self._predictor.get_input_names())
        self.output_names = self._predictor.get_output_names()
        self._inputs = [self._predictor.get_input_handle(name) for name in job.input_names]
        self._outputs = [self._predictor.get_output_handle(name) for name in self.output_names]

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        for handle, array in zip(self._inputs, arrays, strict=True):
            handle.copy_from_cpu(array)
        self._predictor.run()
        return [handle.copy_to_cpu() for handle in self._outputs]


def make_predictor(job: Job, inference: Any = None) -> Any:
    """A paddle.inference predictor on the job's device.

    Args:
        inference: a stand-in of `paddle.inference`.

    Raises:
        EnvironmentLacks: the GPU was asked for and not taken (`devices.probe` has looked before).
    """
    if inference is None:
        from paddle import inference

    config = paddle_config.base(inference, job)
    if job.device == "cpu":
        paddle_config.onednn_cpu(config, job)
    elif job.device == "kunlunxin":
        config.enable_xpu()
    else:
        paddle_config.gpu(inference, config, job)
        if job.engine == "paddle_tensorrt":
            return _with_tensorrt(job, config, inference)
    return inference.create_predictor(config)


def _with_tensorrt(job: Job, config: Any, inference: Any) -> Any:
    if isinstance(job, TunedJob):
        limits = TensorRtLimits(**DOCUMENT_LIMITS, batch=job.batch)
        paddle_config.tensorrt(inference, config, job, job.ranges, limits)
        return inference.create_predictor(config)
    with tempfile.TemporaryDirectory() as folder:
        shapes = collect_widest_shapes(job, Path(folder), inference)
        paddle_config.tensorrt(inference, config, job, shapes, TensorRtLimits())
        return inference.create_predictor(config)


def input_types(program: Path, names: list[str]) -> dict[str, str]:
    """The dtype of each input as the program file declares it; a predictor's handles do not know before a run."""
    from paddle.base import core

    described = core.ProgramDesc(program.read_bytes())  # must outlive its block
    block = described.block(0)
    dtypes = {core.VarDesc.VarType.INT32: "int32", core.VarDesc.VarType.INT64: "int64"}
    return {name: dtypes.get(dtype := block.find_var(name.encode()).dtype(), str(dtype)) for name in names}
