# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""ONNX Runtime on the CPU or a GPU."""

from common.cli import EnvironmentLacks
from common.engines import devices
from common.engines.job import SATURATES, Job, warn
from common.export import onnx_file

import numpy as np


class OnnxRuntime:
    """ONNX Runtime: sequential, no spinning threads, lengths as they come."""

    def __init__(self, job: Job):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = job.threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers: list = ["CPUExecutionProvider"]
        if job.device == "gpu":
            wanted = devices.PROVIDERS[job.engine]
            providers.insert(0, (wanted, self._tensorrt(job) if "Tensorrt" in wanted else {}))
        self._session = onnxruntime.InferenceSession(self._model(job), options, providers=providers)
        if job.device == "gpu" and self._session.get_providers()[0] != wanted:
            raise EnvironmentLacks(f"{job.engine}: {wanted} is there but found no device; {devices.GPU}")
        inputs = self._session.get_inputs()
        self.input_types = {each.name: each.type.removeprefix("tensor(").removesuffix(")") for each in inputs}
        self.output_names = [each.name for each in self._session.get_outputs()]
        self._names = [each["name"] for each in job.bundle.inputs]

    @staticmethod
    def _model(job: Job) -> str | bytes:
        return with_unsigned_weights(job) if job.saturates else str(job.files[0])

    @staticmethod
    def _tensorrt(job: Job) -> dict[str, str]:
        def profile(place: int) -> str:
            return ",".join(f"{name}:{'x'.join(map(str, shapes[place]))}" for name, shapes in job.shapes.items())

        return {
            "trt_fp16_enable": str(job.precision == "fp16"),
            "trt_profile_min_shapes": profile(0),
            "trt_profile_opt_shapes": profile(1),
            "trt_profile_max_shapes": profile(2),
        }

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        return self._session.run(None, dict(zip(self._names, arrays, strict=True)))


def with_unsigned_weights(job: Job) -> bytes:
    """The job's ONNX file in the form that no CPU saturates on, which is said."""
    warn(f"{SATURATES}: unsigned weights, exact but slower")
    return onnx_file.to_unsigned_weights(job.files[0])
