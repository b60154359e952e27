# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Settings of Paddle Inference, one function per device.

Builds silently ignore switches of what they lack, so each function checks what it can. The module `paddle.inference` is
an argument, so that what is switched can be seen without a GPU.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.cli import EnvironmentLacks
from common.engines.devices import GPU
from common.engines.job import SATURATES, TRT_BATCH, Job, warn

GPU_MEMORY = 256  # MiB that Paddle takes at once; it takes more when it needs more


@dataclass(frozen=True)
class TensorRtLimits:
    """What a TensorRT engine is built for.

    Attributes:
        workspace: bytes TensorRT may use while it builds.
        smallest_part: operators that a part of the program must have to go to TensorRT.
        batch: rows of the largest batch.
    """

    workspace: int = 1 << 28
    smallest_part: int = 3
    batch: int = TRT_BATCH


def base(inference: Any, job: Job) -> Any:
    """A paddle.inference.Config that opens the job's files, on no device yet."""
    config = inference.Config(*map(str, job.files))
    config.disable_glog_info()
    config.enable_memory_optim()
    config.switch_ir_optim(True)
    return config


def plain_cpu(config: Any, job: Job) -> None:
    """The CPU without oneDNN, as the program stands."""
    config.disable_gpu()
    config.set_cpu_math_library_num_threads(job.threads)


def onednn_cpu(config: Any, job: Job) -> None:
    """The CPU with oneDNN, in the job's precision; warns where INT8 comes out slower than FP32."""
    plain_cpu(config, job)
    config.enable_mkldnn()
    config.set_mkldnn_cache_capacity(4 * job.bundle.max_length)  # it keeps kernels per length
    if job.precision == "bf16":
        config.enable_mkldnn_bfloat16()
    if job.precision == "int8":
        _int8_kernels(config, job)


def _int8_kernels(config: Any, job: Job) -> None:
    # `int8_ops` is the exporter's choice of what oneDNN computes in INT8. An empty list: nothing, since it restores
    # weights with a scale per channel wrongly; the program is then right, but slower than FP32.
    operators = job.bundle.manifest.get("int8_ops")
    if job.saturates:
        warn(f"{SATURATES}: Paddle Inference takes no INT8 kernels, exact but slower; onnxruntime is faster")
    elif operators is None:
        config.enable_mkldnn_int8()
    elif operators:
        config.enable_mkldnn_int8(set(operators))
    else:
        warn("Paddle Inference runs this INT8 bundle without INT8 kernels (weights per channel), slowly")


def gpu(inference: Any, config: Any, job: Job) -> None:
    """The first GPU, in FP16 where the job says so, else in FP32.

    Raises:
        EnvironmentLacks: the GPU was not taken (`devices.probe` has looked before).
    """
    half = job.precision == "fp16"
    config.enable_use_gpu(GPU_MEMORY, 0, inference.PrecisionType.Half if half else inference.PrecisionType.Float32)
    if not config.use_gpu():  # enable_use_gpu does not raise
        raise EnvironmentLacks(f"{job.engine}: Paddle did not take the GPU; {GPU}")


def tensorrt(inference: Any, config: Any, job: Job, shapes: Path, limits: TensorRtLimits) -> None:
    """TensorRT on a GPU that is switched on already.

    Args:
        shapes: file of the shapes of all tensors of the program, as `paddle_shapes.collect_shapes` writes it: the
            engine is built for this range.
        limits: memory and sizes.
    """
    kinds = {"int8": inference.PrecisionType.Int8, "fp16": inference.PrecisionType.Half}
    config.enable_tensorrt_engine(
        workspace_size=limits.workspace,
        max_batch_size=limits.batch,
        min_subgraph_size=limits.smallest_part,
        precision_mode=kinds.get(job.precision, inference.PrecisionType.Float32),
        use_static=False,
        use_calib_mode=False,
    )
    config.enable_tuned_tensorrt_dynamic_shape(str(shapes), True)
