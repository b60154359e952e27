# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Is the device there, and was the library built for it? Asked before a switch that would be ignored or would abort."""

import common  # noqa: F401  before paddle
from common.cli import EnvironmentLacks

GPU = "it needs an NVIDIA GPU and a build for it (see requirements-gpu.lock); take --device cpu"
PROVIDERS = {"onnxruntime": "CUDAExecutionProvider", "onnxruntime_tensorrt": "TensorrtExecutionProvider"}


def probe(engine: str, device: str) -> None:
    """Raises EnvironmentLacks where the engine's library cannot use the device. Imports the library unless on a CPU."""
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
    if engine == "paddle_tensorrt" and inference.get_trt_compile_version() == (0, 0, 0):
        return f"this Paddle was built without TensorRT; {GPU}"
    if not paddle.is_compiled_with_cuda():
        return f"this Paddle was built without GPU; {GPU}"
    return None if paddle.device.cuda.device_count() else f"no GPU was found; {GPU}"


def _onnxruntime(engine: str, device: str) -> str | None:
    import onnxruntime

    wanted = PROVIDERS[engine]
    return None if wanted in onnxruntime.get_available_providers() else f"this onnxruntime has no {wanted}; {GPU}"


def _fastdeploy(engine: str, device: str) -> str | None:
    from common.bench import stdout_to_stderr

    with stdout_to_stderr():
        import fastdeploy

        backends = str(fastdeploy.c_lib_wrap.get_available_backends())
    if device == "kunlunxin":
        built = "LITE" in backends
        return None if built else "this FastDeploy was built without Kunlunxin XPU; take --device cpu"
    if "tensorrt" in engine and not fastdeploy.is_built_with_trt():
        return f"this FastDeploy was built without TensorRT; {GPU}"
    return None if fastdeploy.is_built_with_gpu() else f"this FastDeploy was built without GPU; {GPU}"
