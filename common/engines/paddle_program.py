# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A Paddle program as Paddle Inference is told to open it, before anything of the device is chosen."""

from pathlib import Path
from typing import Any

import common  # noqa: F401  before paddle
from common.cli import EnvironmentLacks
from common.engines.devices import GPU
from common.engines.job import Job


def input_types(program: Path, names: list[str]) -> dict[str, str]:
    """The dtype of each input as the program file declares it; a predictor's handles do not know before a run."""
    from paddle.base import core

    described = core.ProgramDesc(program.read_bytes())  # must outlive its block
    block = described.block(0)
    kinds = {core.VarDesc.VarType.INT32: "int32", core.VarDesc.VarType.INT64: "int64"}
    return {name: kinds.get(kind := block.find_var(name.encode()).dtype(), str(kind)) for name in names}


def plain_config(inference: Any, job: Job) -> Any:
    config = inference.Config(*map(str, job.files))
    config.disable_glog_info()
    config.enable_memory_optim()
    config.switch_ir_optim(True)
    return config


def take_gpu(inference: Any, config: Any, job: Job, precision: Any) -> None:
    config.enable_use_gpu(256, 0, precision)
    if not config.use_gpu():  # it does not raise
        raise EnvironmentLacks(f"{job.engine}: Paddle did not take the GPU; {GPU}")
