# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Settings of Paddle Inference, whose switches are silently ignored by builds that lack what they switch."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import common  # noqa: F401  before paddle
from common.cli import EnvironmentLacks
from common.devices import GPU

if TYPE_CHECKING:
    from common.engines import Job

WORKSPACE = 1 << 28  # bytes TensorRT may use while it builds


def predictor(job: "Job") -> Any:
    """A paddle.inference predictor.

    Raises:
        EnvironmentLacks: the GPU was asked for and not taken (`devices.probe` has looked before).
    """
    from common.engines import warn

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
            if operators is None:
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


def _base(inference: Any, job: "Job") -> Any:
    config = inference.Config(*map(str, job.files))
    config.disable_glog_info()
    config.enable_memory_optim()
    config.switch_ir_optim(True)
    return config


def _use_gpu(inference: Any, config: Any, job: "Job", folder: Path) -> None:
    from common.engines import TRT_BATCH

    import numpy as np

    half = job.precision == "fp16"
    precision = inference.PrecisionType.Half if half else inference.PrecisionType.Float32
    config.enable_use_gpu(256, 0, precision)
    if not config.use_gpu():  # it does not raise
        raise EnvironmentLacks(f"{job.engine}: Paddle did not take the GPU; {GPU}")
    if job.engine != "paddle_tensorrt":
        return
    # TensorRT is built for a range of shapes, of the tensors inside the program too: one plain run of the smallest and
    # one of the largest shape collects them.
    ranges = str(folder / "shapes.pbtxt")
    plain = _base(inference, job)
    plain.enable_use_gpu(256, 0)
    plain.collect_shape_range_info(ranges)
    collector = inference.create_predictor(plain)
    for place in (0, 2):
        for each in job.bundle.inputs:
            shape = job.shapes[each["name"]][place]
            collector.get_input_handle(each["name"]).copy_from_cpu(np.ones(shape, each["dtype"]))
        collector.run()
    del collector  # the file is written when it ends
    config.enable_tensorrt_engine(
        workspace_size=WORKSPACE,
        max_batch_size=TRT_BATCH,
        min_subgraph_size=3,
        precision_mode=inference.PrecisionType.Int8 if job.precision == "int8" else precision,
        use_static=False,
        use_calib_mode=False,
    )
    config.enable_tuned_tensorrt_dynamic_shape(ranges, True)
