# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Paddle Inference."""

from common.child import stdout_to_stderr
from common.engines import paddle_config, paddle_program
from common.engines.job import Job

import numpy as np


class Paddle:
    """Paddle Inference: oneDNN on the CPU; on a GPU plain or with TensorRT; Kunlunxin XPU."""

    def __init__(self, job: Job):
        with stdout_to_stderr():  # its INT8 passes report on stdout
            self._predictor = paddle_config.predictor(job)
        self.input_types = paddle_program.input_types(job.files[0], self._predictor.get_input_names())
        self.output_names = self._predictor.get_output_names()
        self._inputs = [self._predictor.get_input_handle(each["name"]) for each in job.bundle.inputs]
        self._outputs = [self._predictor.get_output_handle(name) for name in self.output_names]

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        for handle, array in zip(self._inputs, arrays, strict=True):
            handle.copy_from_cpu(array)
        self._predictor.run()
        return [handle.copy_to_cpu() for handle in self._outputs]
