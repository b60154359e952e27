# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""OpenVINO on the CPU."""

from common.engines.job import SATURATES, Job, warn

import numpy as np


class OpenVino:
    """OpenVINO on the CPU. It takes bf16 by itself where the CPU has it, so the precision is always said."""

    def __init__(self, job: Job):
        import openvino

        core = openvino.Core()
        settings = {
            "INFERENCE_NUM_THREADS": job.threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if job.precision == "bf16" else "f32",
        }
        if job.saturates:
            warn(f"{SATURATES}: OpenVINO computes the INT8 model in FP32, exact but slower; onnxruntime is faster")
            settings["LP_TRANSFORMS_MODE"] = "NO"  # leaves the fake quantisation as the file has it
        model = core.read_model(str(job.files[0]))
        self._tensor = openvino.Tensor
        self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        types = {"i32": "int32", "i64": "int64"}
        self.input_types = {}
        for port in model.inputs:
            kind = port.get_element_type().get_type_name()
            self.input_types[port.get_any_name()] = types.get(kind, kind)
        self.output_names = [port.get_any_name() for port in model.outputs]
        self._names = [each["name"] for each in job.bundle.inputs]  # a Paddle model's inputs can come reversed

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        request = self._request
        for name, array in zip(self._names, arrays, strict=True):
            request.set_tensor(name, self._tensor(array, shared_memory=True))
        request.infer()
        return [np.array(request.get_output_tensor(i).data) for i in range(len(self.output_names))]
