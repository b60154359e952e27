# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Paddle Lite on two small models of our own, FP32 and QAT INT8."""

from pathlib import Path

from common.cli import EnvironmentLacks, UserError
from common.engines import paddle_lite
from common.export import lite

import pytest
from lite_programs import LAYERS, in_child


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lite")
    in_child("build", folder)
    return folder


@pytest.fixture(scope="module")
def x86(folder) -> Path:
    return lite.convert(folder / "fp32.pdmodel", folder / "fp32.pdiparams", folder / "fp32.x86", "x86", False)


def test_arm_int8_has_int8_kernels(folder):
    made = lite.convert(folder / "qat.pdmodel", folder / "qat.pdiparams", folder / "qat.arm", "arm", True)
    assert lite.kernels(made)["arm", "int8"] >= 6 * LAYERS  # six Linear in each layer
    assert sorted(entry.name for entry in folder.iterdir() if entry.name.startswith(".")) == []


def test_a_float_model_is_not_called_int8(folder):
    out = folder / "false.arm"
    with pytest.raises(RuntimeError, match="no INT8 kernel"):
        lite.convert(folder / "fp32.pdmodel", folder / "fp32.pdiparams", out, "arm", True)
    assert not Path(f"{out}.nb").exists()


def test_int8_for_x86_is_refused(folder):
    with pytest.raises(UserError, match="NaN"):
        lite.convert(folder / "qat.pdmodel", folder / "qat.pdiparams", folder / "no", "x86", True)


def test_moving_the_scale_keeps_the_function(folder):
    for name in ("fp32", "qat"):
        assert lite.move_attention_scale(folder / name, folder / f"{name}.moved") == LAYERS
    assert lite.move_attention_scale(folder / "qat.moved", folder / "qat.again") == 0
    in_child("compare", folder / "fp32", folder / "fp32.moved", folder / "qat", folder / "qat.moved")


def test_a_damaged_model_is_one_message_and_no_file(tmp_path):
    (tmp_path / "bad.pdmodel").write_bytes(b"not a program")
    (tmp_path / "bad.pdiparams").write_bytes(b"")
    (tmp_path / "out.nb").write_bytes(b"old")
    with pytest.raises(RuntimeError, match=r"convert ended with code -6: .*Check failed"):
        lite.convert(tmp_path / "bad.pdmodel", tmp_path / "bad.pdiparams", tmp_path / "out", "x86", False)
    with pytest.raises(RuntimeError, match="move ended with code"):
        lite.move_attention_scale(tmp_path / "bad", tmp_path / "moved")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["bad.pdiparams", "bad.pdmodel", "out.nb"]
    with pytest.raises(UserError, match=r"out\.nb: not a Paddle Lite"):
        paddle_lite.LiteModel(tmp_path / "out.nb")


def test_absent_file_or_engine(tmp_path, x86, monkeypatch):
    with pytest.raises(UserError, match="no such Paddle program"):
        lite.convert(tmp_path / "m.pdmodel", tmp_path / "m.pdiparams", tmp_path / "m", "arm", False)
    with pytest.raises(UserError, match='"x86" or "arm", got "gpu"'):
        lite.convert(tmp_path / "m.pdmodel", tmp_path / "m.pdiparams", tmp_path / "m", "gpu", False)
    monkeypatch.setattr(lite.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentLacks, match="paddlelite is not installed"):
        paddle_lite.LiteModel(x86)
