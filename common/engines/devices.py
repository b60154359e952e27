# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Checks devices up front, because libraries ignore or abort on a missing one."""

from typing import Any

from common.child import stdout_to_stderr
from common.cli import EnvironmentLacks

GPU = "it needs an NVIDIA GPU and a build for it (see requirements-gpu.lock); take --device cpu"
PROVIDERS = {"onnxruntime": "CUDAExecutionProvider", "onnxruntime_tensorrt": "TensorrtExecutionProvider"}
INT8_TENSOR_CORES = (7, 2)  # compute capability; a V100 has 7.0


def probe(engine: str, device: str) -> None:
    """Whether an engine's library can use a device. Imports the library, except for the CPU, which is always there.

    Raises:
        EnvironmentLacks: it cannot; the message says why.
    """
    if device == "cpu":
        return
    family = engine.split("_")[0]
    lack = {"paddle": _paddle, "onnxruntime": _onnxruntime, "fastdeploy": _fastdeploy}[family](engine, device)
    if lack:
        raise EnvironmentLacks(f"{engine}: {lack}")


def _paddle(engine: str, device: str) -> str | None:
    import paddle
    from paddle import inference

    if device == "kunlunxin":
        return (
            None if paddle.is_compiled_with_xpu() else "this Paddle was built without Kunlunxin XPU; take --device cpu"
        )
    if engine == "paddle_tensorrt" and (lack := tensorrt_lack(inference)):
        return lack
    if not paddle.is_compiled_with_cuda():
        return f"this Paddle was built without GPU; {GPU}"
    return None if paddle.device.cuda.device_count() else f"no GPU was found; {GPU}"


def tensorrt_lack(inference: Any) -> str | None:
    """Why `paddle.inference`, given as a module, cannot go through TensorRT, or None.

    Its switches do not say: `enable_tuned_tensorrt_dynamic_shape` is taken by any build without a word.
    """
    built = inference.get_trt_compile_version()
    if built == (0, 0, 0):
        return f"this Paddle was built without TensorRT; {GPU}"
    if inference.get_trt_runtime_version() == (0, 0, 0):
        version = ".".join(map(str, built))
        return f"the TensorRT {version} that this Paddle was built for was not found; put it on LD_LIBRARY_PATH"
    return None


def slow_int8(cuda: Any) -> str | None:
    """Why INT8 is no faster on the GPU that `paddle.device.cuda`, given as a module, has found; None where it is."""
    capability = tuple(cuda.get_device_capability())
    if capability >= INT8_TENSOR_CORES:
        return None
    here, least = (".".join(map(str, version)) for version in (capability, INT8_TENSOR_CORES))
    return f"this GPU has no INT8 Tensor Cores (capability {here}, they begin with {least}): INT8 is no faster on it"


def _onnxruntime(engine: str, device: str) -> str | None:
    import onnxruntime

    wanted = PROVIDERS[engine]
    return None if wanted in onnxruntime.get_available_providers() else f"this onnxruntime has no {wanted}; {GPU}"


def _fastdeploy(engine: str, device: str) -> str | None:
    with stdout_to_stderr():
        import fastdeploy

        backends = str(fastdeploy.c_lib_wrap.get_available_backends())
    if device == "kunlunxin":
        built = "LITE" in backends
        return None if built else "this FastDeploy was built without Kunlunxin XPU; take --device cpu"
    if "tensorrt" in engine and not fastdeploy.is_built_with_trt():
        return f"this FastDeploy was built without TensorRT; {GPU}"
    return None if fastdeploy.is_built_with_gpu() else f"this FastDeploy was built without GPU; {GPU}"
