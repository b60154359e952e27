# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Paddle Lite on x86: reading a .nb file, and serving it."""

from pathlib import Path

from common.cli import UserError
from common.engines.job import Job
from common.export.lite import kernels, need_package

import numpy as np


class PaddleLite:
    """Paddle Lite on x86, FP32, one thread."""

    def __init__(self, job: Job):

        self._model = LiteModel(job.files[0])
        self.input_types = dict.fromkeys(self._model.input_names, "int32")  # what LiteModel takes; a .nb does not say
        self.output_names = self._model.output_names
        self._names = [each["name"] for each in job.bundle.inputs]

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        given = dict(zip(self._names, arrays, strict=True))
        return self._model.run(*(given[name] for name in self._model.input_names))


class LiteModel:
    """An FP32 .nb for x86. A damaged file aborts the process inside Paddle Lite: check its sha256 before."""

    def __init__(self, path: Path | str) -> None:
        """
        Raises:
            UserError: no such file, not a .nb, or one that x86 would answer wrongly: made for arm, or INT8.
            EnvironmentLacks: paddlelite is not installed.
        """
        found = kernels(path)
        if not any(target == "x86" for target, _ in found) or any(target == "arm" for target, _ in found):
            raise UserError(f"{path}: was not converted for x86, here it would answer nonsense; take the x86 file")
        if found["x86", "int8"]:
            raise UserError(f"{path}: INT8, which Paddle Lite for x86 answers with NaN; take the FP32 file")
        need_package("paddlelite")
        from paddlelite.lite import MobileConfig, create_paddle_predictor

        config = MobileConfig()
        config.set_model_from_file(str(path))
        self._predictor = create_paddle_predictor(config)
        self.input_names: list[str] = self._predictor.get_input_names()
        self.output_names: list[str] = self._predictor.get_output_names()

    def run(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """int32 [batch, length] each, in the order of `input_names` → the outputs in order, each a float32 copy.

        Raises:
            ValueError: other inputs than int32 [batch, length], or another number of them than the model has.
        """
        if len(inputs) != len(self.input_names):
            raise ValueError(f"{len(inputs)} inputs, but the model has {', '.join(self.input_names)}")
        for place, ids in enumerate(inputs):
            if ids.dtype != np.int32 or ids.ndim != 2:
                raise ValueError(f"ids must be int32 [batch, length], got {ids.dtype} {list(ids.shape)}")
            self._predictor.get_input(place).from_numpy(np.ascontiguousarray(ids))
        self._predictor.run()
        return [np.array(self._predictor.get_output(k).numpy()) for k in range(len(self.output_names))]
