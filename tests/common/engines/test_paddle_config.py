# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from pathlib import Path
from unittest.mock import MagicMock

from common import machine
from common.bundle import read_bundle
from common.bundle.bundle import engine_files
from common.cli import EnvironmentLacks
from common.engines import paddle
from common.engines.job import Job

import bundle_fixture
import pytest
from paddle_stand_in import job, opened


@pytest.fixture
def folder(tmp_path) -> Path:
    return bundle_fixture.copy(tmp_path / "bundle")


def test_without_vnni_paddle_takes_no_int8_kernels(folder, monkeypatch, capsys):
    """oneDNN's `fc` saturates too: 19.8 off of 24 with AVX2, weights and inputs at the ends of their range."""

    bundle_fixture.reseal(folder, precision="int8", int8_ops=["fc"])
    job = Job(bundle := read_bundle(folder), engine_files(bundle, "paddle"), "paddle", "cpu", 1, "int8")
    for vnni in (True, False):
        monkeypatch.setattr(machine, "has_int8_dot_product", lambda vnni=vnni: vnni)
        inference = MagicMock()
        paddle.make_predictor(job, inference)
        assert inference.Config.return_value.enable_mkldnn_int8.called is vnni
        assert ("no VNNI" in capsys.readouterr().err) is not vnni


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(bundle_fixture.bundle())


def test_a_gpu_that_paddle_does_not_take_is_noticed(bundle):
    """`enable_use_gpu` says nothing where there is none."""
    for engine in ("paddle", "paddle_tensorrt"):
        with pytest.raises(EnvironmentLacks, match=f"{engine}: Paddle did not take the GPU"):
            opened(job(bundle, engine), has_gpu=False)
