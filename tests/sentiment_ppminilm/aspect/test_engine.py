# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which device computes, TensorRT up to where a GPU would be needed, and flags that contradict the model."""

import json
import shutil
from pathlib import Path

from common.bundle.bundle import read_bundle
from common.engines import devices, paddle_shapes, runtime

import pytest
import tiny_bundle
from aspect import engine
from speed_calls import refused, run

NO_GPU = pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="there is a GPU")


def device_of(monkeypatch, lacking: tuple = (), folder: Path | None = None, collecting=False, **changes) -> str:
    """`choose_device` on a machine with a GPU that all engines but the lacking ones can use."""
    monkeypatch.setattr(runtime, "available", lambda name, device: "it lacks" if name in lacking else None)
    bundle = read_bundle((folder or tiny_bundle.folder()) / "bundle")
    return engine.choose_device(
        engine.Request(**{"engine": "paddle", "device": None, "threads": 1} | changes), bundle, collecting
    )


def test_a_gpu_is_taken_where_there_is_one(monkeypatch, capsys):
    assert device_of(monkeypatch) == "gpu"
    assert device_of(monkeypatch, device="cpu") == "cpu"
    assert device_of(monkeypatch, lacking=("paddle",)) == "cpu"
    assert device_of(monkeypatch, engine="openvino") == "cpu"
    assert device_of(monkeypatch, engine="onnxruntime_tensorrt", lacking=("onnxruntime_tensorrt",)) == "gpu"
    assert capsys.readouterr().err == ""


def test_an_int8_program_stays_on_the_cpu_without_tensorrt(monkeypatch, capsys):
    assert device_of(monkeypatch, folder=tiny_bundle.folder(int8=True)) == "cpu"
    assert "on the CPU, though there is a GPU: INT8 on a GPU goes through TensorRT" in capsys.readouterr().err
    assert device_of(monkeypatch, folder=tiny_bundle.folder(int8=True), collecting=True) == "gpu"
    assert device_of(monkeypatch, folder=tiny_bundle.folder(int8=True), engine="fastdeploy_paddle") == "cpu"
    assert "fastdeploy_paddle does not run int8 there" in capsys.readouterr().err


@pytest.fixture
def with_tensorrt(int8, tmp_path, place, monkeypatch) -> list:
    """Words for the INT8 model on a machine that seems to have TensorRT, in a working folder to write into."""
    shutil.copytree(place, tmp_path / "app", symlinks=True)
    monkeypatch.chdir(tmp_path / "app")
    monkeypatch.setattr(devices, "probe", lambda engine, device: None)
    monkeypatch.setattr(devices, "slow_int8", lambda cuda: None)
    return [*int8, "--int8", "--use_tensorrt"]


def test_tensorrt_needs_collected_shapes(with_tensorrt):
    refused(run(*with_tensorrt), 2, "collect_shape_range_info.pbtxt: no such file of shapes; run the same command")


def test_tensorrt_is_built_for_the_collected_shapes(with_tensorrt, monkeypatch):
    on_the_cpu = [word for word in with_tensorrt if word != "--use_tensorrt"]
    assert run(*on_the_cpu, "--collect_shape", "--device", "cpu").code == 0
    jobs = []

    def fails(job):
        jobs.append(job)
        raise RuntimeError("no\nkernel image")

    monkeypatch.setattr(runtime, "open_engine", fails)
    refused(run(*with_tensorrt), 2, "model.pdmodel: TensorRT cannot build it: no kernel image")
    (job,) = jobs
    assert isinstance(job, paddle_shapes.TunedJob)
    assert (job.engine, job.device, job.precision, job.batch) == ("paddle_tensorrt", "gpu", "int8", 16)
    assert job.ranges.resolve() == Path("checkpoints/pp_checkpoints/quant/collect_shape_range_info.pbtxt").resolve()
    refused(run(*with_tensorrt, "--batch_size", 30), 2, "[30, 22], but [14, 22] to [16, 22] was collected")


def test_a_gpu_without_int8_tensor_cores_is_told(with_tensorrt, monkeypatch):
    monkeypatch.setattr(devices, "slow_int8", lambda cuda: "this GPU has no INT8 Tensor Cores")
    assert "warning: this GPU has no INT8 Tensor Cores\n" in run(*with_tensorrt).err


@NO_GPU
def test_what_an_int8_model_is_not_asked_for(int8):
    refused(run(*int8, "--use_tensorrt"), 2, "--use_tensorrt without --int8, but checkpoints/pp_checkpoints")
    refused(run(*int8, "--fp16"), 2, "quant/infer is an INT8 model; give an FP32 model, or leave --fp16 out")


def test_the_architecture_by_name_or_folder(fp32, place, tmp_path):
    for kind, code in (("ppminilm", 0), ("skep", 2)):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "config.json").write_text(json.dumps({"model_type": kind}))
        words = [*fp32, "--engine", "onnxruntime", "--eval"]
        assert run(*words, "--base_model_name", tmp_path / kind).code == code
