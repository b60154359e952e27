# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One class per engine library. Each imports its library when it is made, and nothing else: peak memory is published.

All have `run(arrays) -> arrays`, `input_types` (name to dtype as the model file says) and `output_names`, in the order
of `run`. They are made by `runtime.load`, which has checked the bundle and the combination before.
"""

import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from common import machine
from common.bundle.bundle import Bundle
from common.cli import EnvironmentLacks
from common.engines import devices

import numpy as np

TRT_BATCH = 32  # the largest batch a TensorRT engine is built for
SATURATES = "this CPU has no VNNI, signed 8-bit products would saturate"


@dataclass(frozen=True)
class Job:
    """What to open and how."""

    bundle: Bundle
    files: tuple[Path, ...]
    engine: str
    device: str
    threads: int
    precision: str

    @property
    def shapes(self) -> dict[str, tuple[list[int], list[int], list[int]]]:
        """Smallest, usual and largest shape of each input, for engines that are built for a range."""
        length = self.bundle.max_length
        return {each["name"]: ([1, 2], [1, length], [TRT_BATCH, length]) for each in self.bundle.inputs}


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
        return with_unsigned_weights(job) if saturates(job) else str(job.files[0])

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
        if saturates(job):
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


class Paddle:
    """Paddle Inference: oneDNN on the CPU; on a GPU plain or with TensorRT; Kunlunxin XPU."""

    def __init__(self, job: Job):
        from common.child import stdout_to_stderr
        from common.engines import paddle_config

        with stdout_to_stderr():  # its INT8 passes report on stdout
            self._predictor = paddle_config.predictor(job)
        self.input_types = paddle_config.input_types(job.files[0], self._predictor.get_input_names())
        self.output_names = self._predictor.get_output_names()
        self._inputs = [self._predictor.get_input_handle(each["name"]) for each in job.bundle.inputs]
        self._outputs = [self._predictor.get_output_handle(name) for name in self.output_names]

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        for handle, array in zip(self._inputs, arrays, strict=True):
            handle.copy_from_cpu(array)
        self._predictor.run()
        return [handle.copy_to_cpu() for handle in self._outputs]


class PaddleLite:
    """Paddle Lite on x86, FP32, one thread."""

    def __init__(self, job: Job):
        from common.export.lite import LiteModel

        self._model = LiteModel(job.files[0])
        self.input_types = dict.fromkeys(self._model.input_names, "int32")  # what LiteModel takes; a .nb does not say
        self.output_names = self._model.output_names
        self._names = [each["name"] for each in job.bundle.inputs]

    def run(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        given = dict(zip(self._names, arrays, strict=True))
        return self._model.run(*(given[name] for name in self._model.input_names))


class FastDeploy:
    """FastDeploy 1.0.7, the document's runtime, over one of its backends.

    It ends the process where a backend was not built in: `devices.probe` asks first.
    """

    def __init__(self, job: Job):
        from common.child import stdout_to_stderr

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
                if saturates(job):  # its OpenVINO opens nothing but files
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
            if saturates(job) and job.files[0].suffix != ".onnx":
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


def open_engine(job: Job) -> OnnxRuntime | OpenVino | Paddle | PaddleLite | FastDeploy:
    """The engine of a job's name, its model loaded.

    Raises:
        EnvironmentLacks: the device or this kind of machine is not for it.
        Exception: whatever the library raises at a model it does not read.
    """
    devices.probe(job.engine, job.device)
    if job.engine == "fastdeploy_openvino" and saturates(job) and job.files[0].suffix != ".onnx":
        raise EnvironmentLacks(f"{job.engine}: {SATURATES} in a Paddle program; take onnxruntime")
    if job.engine.startswith("fastdeploy"):
        return FastDeploy(job)
    if job.engine.startswith("paddle") and platform.machine() not in ("x86_64", "AMD64"):
        raise EnvironmentLacks(
            f"{job.engine}: its wheels are for x86-64, this is {platform.machine()}; take onnxruntime"
        )
    kinds = {"onnxruntime": OnnxRuntime, "openvino": OpenVino, "paddlelite": PaddleLite, "paddle": Paddle}
    return kinds[job.engine.removesuffix("_tensorrt")](job)


def saturates(job: Job) -> bool:
    """Whether INT8 kernels would cut sums of two 8-bit products to 16 bits: wrong answers without an error."""
    return job.precision == "int8" and job.device == "cpu" and not machine.has_int8_dot_product()


def with_unsigned_weights(job: Job) -> bytes:
    """The job's ONNX file in the form that no CPU saturates on, which is said."""
    from common.export import onnx_graph

    warn(f"{SATURATES}: unsigned weights, exact but slower")
    return onnx_graph.to_unsigned_weights(job.files[0])


def warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)
