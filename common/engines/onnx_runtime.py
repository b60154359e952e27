# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""ONNX Runtime as an engine: on the CPU, on a GPU by CUDA or TensorRT."""

from typing import Any

from common.cli import EnvironmentLacks
from common.engines import devices
from common.engines.job import SATURATES, Job, warn
from common.export import onnx_file

import numpy as np


class OnnxRuntime:
    """Runs operators one after another, without spinning threads, and takes lengths as they come.

    Raises:
        EnvironmentLacks: the GPU's provider is built in but found no device.
    """

    def __init__(self, job: Job):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = job.threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(self._model(job), options, providers=_providers(job))
        if job.device == "gpu" and self._session.get_providers()[0] != devices.PROVIDERS[job.engine]:
            wanted = devices.PROVIDERS[job.engine]
            raise EnvironmentLacks(f"{job.engine}: {wanted} is there but found no device; {devices.GPU}")
        inputs = self._session.get_inputs()
        self.input_types = {each.name: each.type.removeprefix("tensor(").removesuffix(")") for each in inputs}
        self.output_names = [each.name for each in self._session.get_outputs()]
        self._names = job.input_names

    @staticmethod
    def _model(job: Job) -> str | bytes:
        """What the session opens: the file's path, or a model in memory."""
        return with_unsigned_weights(job) if job.saturates else str(job.files[0])

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        return self._session.run(None, dict(zip(self._names, arrays, strict=True)))


def _providers(job: Job) -> list[Any]:
    """What runs the operators, the preferred one first; the CPU takes what the others do not."""
    if job.device != "gpu":
        return ["CPUExecutionProvider"]
    wanted = devices.PROVIDERS[job.engine]
    return [(wanted, _tensorrt_options(job) if "Tensorrt" in wanted else {}), "CPUExecutionProvider"]


def _tensorrt_options(job: Job) -> dict[str, str]:
    def profile(place: int) -> str:
        return ",".join(f"{name}:{'x'.join(map(str, shapes[place]))}" for name, shapes in job.shapes.items())

    return {
        "trt_fp16_enable": str(job.precision == "fp16"),
        "trt_profile_min_shapes": profile(0),
        "trt_profile_opt_shapes": profile(1),
        "trt_profile_max_shapes": profile(2),
    }


def with_unsigned_weights(job: Job) -> bytes:
    """The ONNX file of a job that saturates, with unsigned weights; warns of it.

    Raises:
        UserError: not an ONNX model, or one without INT8 weights.
    """
    warn(f"{SATURATES}: unsigned weights, exact but slower")
    return onnx_file.to_unsigned_weights(job.files[0])
