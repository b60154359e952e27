# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from pathlib import Path
from unittest.mock import MagicMock

from common import machine
from common.bundle import read_bundle
from common.bundle.bundle import engine_files
from common.cli import EnvironmentLacks
from common.engines import fastdeploy, runtime
from common.engines.job import Job

import bundle_fixture
import pytest
from engine_runs import need


@pytest.fixture
def folder(tmp_path) -> Path:
    return bundle_fixture.copy(tmp_path / "bundle")


def test_without_vnni_fastdeploy_openvino_refuses_an_int8_program(folder, monkeypatch):
    monkeypatch.setattr(machine, "has_int8_dot_product", lambda: False)
    bundle_fixture.reseal(folder, precision="int8")
    with pytest.raises(EnvironmentLacks, match=r"fastdeploy_openvino: this CPU has no VNNI.*take onnxruntime"):
        runtime.load(folder, engine="fastdeploy_openvino")


@pytest.mark.parametrize("avx512", [True, False])
def test_without_avx512_fastdeploys_paddle_goes_without_onednn(folder, avx512, monkeypatch, capsys):
    monkeypatch.setattr(machine, "has_avx512", lambda: avx512)
    bundle = read_bundle(folder)
    job = Job(bundle, engine_files(bundle, "paddle"), "fastdeploy_paddle", "cpu", 1, "fp32")
    option = MagicMock()
    fastdeploy.choose_backend(option, job)
    assert option.paddle_infer_option.enable_mkldnn is avx512
    assert ("oneDNN is off" in capsys.readouterr().err) is not avx512


def test_fastdeploy_int8_through_paddle_warns(folder, monkeypatch, capsys):
    """Right only with oneDNN off; the program of this fixture is FP32, it is the warning and the switch that count."""
    need("fastdeploy_paddle")
    bundle_fixture.reseal(folder, precision="int8")
    jobs = []

    def stop(job):
        jobs.append(job)
        raise EnvironmentLacks("stop here")

    monkeypatch.setattr(runtime, "open_engine", stop)
    with pytest.raises(EnvironmentLacks, match="stop here"):
        runtime.load(folder, engine="fastdeploy_paddle")
    assert "right on INT8 only without oneDNN" in capsys.readouterr().err

    class Option:
        def __init__(self):
            self.paddle_infer_option = type("PaddleOption", (), {"enable_mkldnn": True})()

        def use_paddle_infer_backend(self):
            pass

    option = Option()
    fastdeploy.choose_backend(option, jobs[0])
    assert option.paddle_infer_option.enable_mkldnn is False
