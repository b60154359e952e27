# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from pathlib import Path

from common import machine
from common.engines import onnx_runtime, runtime

import bundle_fixture
import numpy as np
import pytest
from engine_runs import BATCHES, write_int8_onnx


@pytest.fixture
def folder(tmp_path) -> Path:
    return bundle_fixture.copy(tmp_path / "bundle")


def test_without_vnni_unsigned_weights_are_taken_and_it_is_said(folder, monkeypatch, capsys):
    model = folder / "model.onnx"
    write_int8_onnx(model)
    bundle_fixture.reseal(folder, precision="int8", stage="int8")
    opened = []
    build = onnx_runtime.OnnxRuntime._model
    monkeypatch.setattr(
        onnx_runtime.OnnxRuntime, "_model", staticmethod(lambda job: opened.append(build(job)) or opened[-1])
    )
    answers = {}
    for vnni in (True, False):
        monkeypatch.setattr(machine, "has_int8_dot_product", lambda vnni=vnni: vnni)
        answers[vnni] = runtime.load(folder).run(np.array(BATCHES[1]))
        said = capsys.readouterr().err
        assert said.count("\n") == (0 if vnni else 1) and ("no VNNI" in said) is not vnni
    assert opened[0] == str(model) and isinstance(opened[1], bytes)
    if machine.has_int8_dot_product():  # or the signed answers are the saturated ones
        for name, signed in answers[True].items():
            np.testing.assert_allclose(answers[False][name], signed, rtol=0, atol=1e-5)
            assert np.abs(signed).max() > 0.1
