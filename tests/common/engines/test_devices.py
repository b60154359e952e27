# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

import importlib.util
from pathlib import Path
from types import SimpleNamespace

from common.cli import EnvironmentLacks
from common.engines import devices, runtime

import pytest
from engine_runs import child

GPU_LACKS = [
    ("paddle", "gpu", "without GPU"),
    ("paddle_tensorrt", "gpu", "without TensorRT"),
    ("onnxruntime", "gpu", "no CUDAExecutionProvider"),
    ("onnxruntime_tensorrt", "gpu", "no TensorrtExecutionProvider"),
    ("fastdeploy_paddle", "gpu", "without GPU"),
    ("fastdeploy_onnxruntime", "gpu", "without GPU"),
    ("fastdeploy_tensorrt", "gpu", "without TensorRT"),
    ("fastdeploy_paddle_tensorrt", "gpu", "without TensorRT"),
    ("paddle", "xpu", "without Kunlunxin"),
    ("fastdeploy_paddle", "kunlunxin", "without Kunlunxin"),
]


@pytest.mark.parametrize(("engine", "device", "said"), GPU_LACKS)
def test_a_device_that_is_not_there_is_refused_by_name(engine, device, said):
    if importlib.util.find_spec(engine.split("_")[0]) is None:
        pytest.skip("the library is absent")
    if Path("/dev/nvidia0").exists():
        pytest.skip("there is a GPU")
    with pytest.raises(EnvironmentLacks, match=f"^{engine}: this .*{said}.*--device cpu") as caught:
        child(engine, device=device)
    assert runtime.available(engine, device) is not None
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("built", "found", "said"),
    [
        ((0, 0, 0), (0, 0, 0), "this Paddle was built without TensorRT; it needs an NVIDIA GPU"),
        ((8, 6, 1), (0, 0, 0), "the TensorRT 8.6.1 that this Paddle was built for was not found"),
        ((8, 6, 1), (8, 6, 1), None),
    ],
)
def test_tensorrt_is_asked_for_by_its_versions(built, found, said):
    inference = SimpleNamespace(get_trt_compile_version=lambda: built, get_trt_runtime_version=lambda: found)
    lack = devices.tensorrt_lack(inference)
    assert lack is None if said is None else said in lack


@pytest.mark.parametrize(("capability", "slow"), [((7, 0), True), ((7, 2), False), ((7, 5), False), ((8, 0), False)])
def test_int8_tensor_cores(capability, slow):
    said = devices.slow_int8(SimpleNamespace(get_device_capability=lambda: capability))
    assert bool(said) is slow
    assert not slow or "capability 7.0" in said
