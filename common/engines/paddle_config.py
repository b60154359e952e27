# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Settings of Paddle Inference, whose switches are silently ignored by builds that lack what they switch.

Functions take the module `paddle.inference` as an argument, so that what is switched can be seen without a GPU.
"""

import tempfile
from pathlib import Path
from typing import Any

import common  # noqa: F401  before paddle
from common.engines.job import SATURATES, TRT_BATCH, Job, warn
from common.engines.paddle_program import plain_config, take_gpu
from common.engines.paddle_shapes import SHAPES, TunedJob, run_once

import numpy as np

WORKSPACE, SMALLEST_PART = 1 << 28, 3  # bytes TensorRT may use while it builds; operators that a part for it must have
TUNED_WORKSPACE, TUNED_SMALLEST_PART = 1 << 30, 5  # the same as the document has them


def predictor(job: Job, inference: Any = None) -> Any:
    """A paddle.inference predictor.

    Raises:
        EnvironmentLacks: the GPU was asked for and not taken (`devices.probe` has looked before).
    """
    if inference is None:
        from paddle import inference

    config = plain_config(inference, job)
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
            if job.saturates:
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


def _use_gpu(inference: Any, config: Any, job: Job, folder: Path) -> None:
    half = job.precision == "fp16"
    precision = inference.PrecisionType.Half if half else inference.PrecisionType.Float32
    take_gpu(inference, config, job, precision)
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
    plain = plain_config(inference, job)
    take_gpu(inference, plain, job, inference.PrecisionType.Float32)
    inputs = job.bundle.inputs
    batches = [[np.ones(job.shapes[each["name"]][place], each["dtype"]) for each in inputs] for place in (0, 2)]
    run_once(inference, plain, job, batches, folder / SHAPES)
    return folder / SHAPES
