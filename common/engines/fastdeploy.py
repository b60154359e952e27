# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""FastDeploy 1.0.7 over one of its backends."""

import os
import tempfile
from pathlib import Path

from common import machine
from common.child import stdout_to_stderr
from common.engines.job import SATURATES, Job, warn
from common.engines.onnx_runtime import with_unsigned_weights

import numpy as np


class FastDeploy:
    """FastDeploy 1.0.7, the document's runtime, over one of its backends.

    It ends the process where a backend was not built in: `devices.probe` asks first.
    """

    def __init__(self, job: Job):
        with stdout_to_stderr():  # it greets on stdout
            import fastdeploy

            self._runtime = self._open(fastdeploy, job)
        inputs = [self._runtime.get_input_info(i) for i in range(self._runtime.num_inputs())]
        self.input_types = {each.name: str(each.dtype).rsplit(".", 1)[-1].lower() for each in inputs}
        self.output_names = [self._runtime.get_output_info(i).name for i in range(self._runtime.num_outputs())]
        self._names = [each["name"] for each in job.bundle.inputs]

    def _open(self, fastdeploy, job: Job):
        option = fastdeploy.RuntimeOption()
        with tempfile.TemporaryDirectory() as folder:
            model = [str(path) for path in job.files]
            if not model[0].endswith(".onnx"):
                option.set_model_path(*model, fastdeploy.ModelFormat.PADDLE)
            else:
                if job.saturates:  # its OpenVINO opens nothing but files
                    model[0] = str(Path(folder) / "unsigned.onnx")
                    Path(model[0]).write_bytes(with_unsigned_weights(job))
                option.set_model_path(model[0], "", fastdeploy.ModelFormat.ONNX)
            return self._runtime_of(fastdeploy, option, job)

    def _runtime_of(self, fastdeploy, option, job: Job):
        {"cpu": option.use_cpu, "gpu": option.use_gpu, "kunlunxin": option.use_kunlunxin}[job.device]()
        if job.device == "cpu":
            option.set_cpu_thread_num(job.threads)
        self._choose(option, job)
        before = os.environ.get("ONEDNN_MAX_CPU_ISA")
        if job.engine == "fastdeploy_openvino" and machine.has_bf16():
            # Its OpenVINO has no switch against bf16 (logits 0.02 off): hide the feature from it while it opens.
            os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE_VNNI"
        try:
            return fastdeploy.Runtime(option)
        except AssertionError:
            raise RuntimeError("FastDeploy could not open the model; it said why above") from None
        finally:
            os.environ.pop("ONEDNN_MAX_CPU_ISA", None)
            if before is not None:
                os.environ["ONEDNN_MAX_CPU_ISA"] = before

    @staticmethod
    def _choose(option, job: Job) -> None:
        if job.engine == "fastdeploy_onnxruntime":
            option.use_ort_backend()
            if job.saturates and job.files[0].suffix != ".onnx":
                # FastDeploy converts the program out of our reach: without fusions it stays pairs of quantise and
                # dequantise around FP32 products.
                warn(f"{SATURATES}: FP32 products between quantised values, exact but slower; onnxruntime is faster")
                option.ort_option.graph_optimization_level = 1
        elif job.engine == "fastdeploy_openvino":
            option.use_openvino_backend()
        elif job.engine == "fastdeploy_tensorrt":
            option.use_trt_backend()
            option.trt_option.enable_fp16 = job.precision == "fp16"
            for name, shapes in job.shapes.items():
                option.trt_option.set_shape(name, *shapes)
        else:
            option.use_paddle_infer_backend()
            # With oneDNN, its default, INT8 answers are garbage without an error. So are FP32's from the second row on
            # where there is no AVX-512: oneDNN 2.7 then wants the weights of a product of one row laid out in another
            # way than those of more rows, and FastDeploy's Paddle gives it for both what the first call wanted.
            onednn = job.precision != "int8" and (job.device != "cpu" or machine.has_avx512())
            option.paddle_infer_option.enable_mkldnn = onednn
            if not onednn and job.precision != "int8":
                warn("FastDeploy's Paddle is right without AVX-512 only if oneDNN is off, and slow; paddle is faster")
            if job.engine == "fastdeploy_paddle_tensorrt":
                option.paddle_infer_option.enable_trt = True
                option.paddle_infer_option.collect_trt_shape = True
                option.trt_option.enable_fp16 = job.precision == "fp16"
                for name, shapes in job.shapes.items():
                    option.trt_option.set_shape(name, *shapes)

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        return self._runtime.infer(dict(zip(self._names, arrays, strict=True)))
