# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""OpenVINO as an engine, on the CPU."""

from typing import Any

from common.engines.job import SATURATES, Job, warn

import numpy as np

DTYPES = {"i32": "int32", "i64": "int64"}  # OpenVINO's names


class OpenVino:
    """One stream, tuned for latency. Reads ONNX files, Paddle programs and its own .xml with .bin."""

    def __init__(self, job: Job):
        import openvino

        core = openvino.Core()
        model = core.read_model(str(job.files[0]))
        self._tensor = openvino.Tensor
        self._request = core.compile_model(model, "CPU", _settings(job)).create_infer_request()
        self.input_types = {}
        for port in model.inputs:
            dtype = port.get_element_type().get_type_name()
            self.input_types[port.get_any_name()] = DTYPES.get(dtype, dtype)
        self.output_names = [port.get_any_name() for port in model.outputs]
        self._names = job.input_names  # by name, since a Paddle model's inputs can come reversed

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        request = self._request
        for name, array in zip(self._names, arrays, strict=True):
            request.set_tensor(name, self._tensor(array, shared_memory=True))
        request.infer()
        return [np.array(request.get_output_tensor(i).data) for i in range(len(self.output_names))]


def _settings(job: Job) -> dict[str, Any]:
    settings = {
        "INFERENCE_NUM_THREADS": job.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # Without this hint OpenVINO computes in bf16 where the CPU has it.
        "INFERENCE_PRECISION_HINT": "bf16" if job.precision == "bf16" else "f32",
    }
    if job.saturates:
        warn(f"{SATURATES}: OpenVINO computes the INT8 model in FP32, exact but slower; onnxruntime is faster")
        settings["LP_TRANSFORMS_MODE"] = "NO"  # leaves the fake quantization as the file has it
    return settings
