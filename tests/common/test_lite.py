# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Paddle Lite on two small models of our own, FP32 and QAT INT8. This file, run as a script, builds them."""

import subprocess
import sys
from pathlib import Path

from common.cli import EnvironmentLacks, UserError
from common.engines import paddle_lite
from common.export import lite

import numpy as np
import pytest

IDS = np.array([[2, 5, 9, 3, 0, 0], [2, 7, 7, 8, 9, 3]], np.int32)
LAYERS = 2


def in_child(*words) -> None:
    """Paddle is kept out of the test process: its static mode is global."""
    child = subprocess.run([sys.executable, __file__, *map(str, words)], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr[-2000:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lite")
    in_child("build", folder)
    return folder


@pytest.fixture(scope="module")
def x86(folder) -> Path:
    return lite.convert(folder / "fp32.pdmodel", folder / "fp32.pdiparams", folder / "fp32.x86", "x86", False)


def test_x86_is_paddle(folder, x86):
    want = np.load(folder / "fp32.npz")
    model = paddle_lite.LiteModel(x86)
    assert x86 == folder / "fp32.x86.nb"
    for rows, columns in ((2, 6), (1, 4), (2, 6)):  # the shape may change from call to call
        intent, slot = model.run(IDS[:rows, :columns])
        assert slot.shape == (rows, columns, 5)
        np.testing.assert_allclose(intent, want["intent"][:rows], atol=1e-4)
        np.testing.assert_allclose(slot, want["slot"][:rows, :columns], atol=1e-4)


def test_answers_are_copies(x86):
    model = paddle_lite.LiteModel(x86)
    first = model.run(IDS)[0]
    kept = first.copy()
    model.run(IDS[::-1])
    assert np.array_equal(first, kept)


def test_only_int32_rows(x86):
    model = paddle_lite.LiteModel(x86)
    for ids in (IDS.astype(np.int64), IDS[0]):
        with pytest.raises(ValueError, match="int32"):
            model.run(ids)


def test_one_array_per_input(x86):
    model = paddle_lite.LiteModel(x86)
    assert model.input_names == ["input_ids"]
    for inputs in ((), (IDS, IDS)):
        with pytest.raises(ValueError, match=f"{len(inputs)} inputs, but the model has input_ids"):
            model.run(*inputs)


def test_arm_fp32_is_made_and_refused_on_x86(folder):
    made = lite.convert(folder / "fp32.pdmodel", folder / "fp32.pdiparams", folder / "fp32.arm", "arm", False)
    found = lite.kernels(made)
    assert found["arm", "fp32"] > 10 and not found["arm", "int8"]
    with pytest.raises(UserError, match="not converted for x86"):
        paddle_lite.LiteModel(made)


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


def build(folder: str) -> None:
    """fp32.*, qat.* and what the dynamic graph of the first answers (fp32.npz)."""
    import paddle
    from paddle import nn
    from paddleslim import QAT

    class Toy(nn.Layer):
        def __init__(self):
            super().__init__()
            self.words, self.positions = nn.Embedding(60, 32), nn.Embedding(16, 32)
            one = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, activation="gelu")
            self.encoder = nn.TransformerEncoder(one, LAYERS)
            self.intent, self.slot = nn.Linear(32, 3), nn.Linear(32, 5)

        def forward(self, input_ids):
            ones = paddle.ones_like(input_ids)
            padding = (input_ids == paddle.zeros_like(input_ids)).astype("float32")  # no 0-D constant
            states = self.words(input_ids) + self.positions(paddle.cumsum(ones, axis=1) - ones)
            states = self.encoder(states, paddle.unsqueeze(padding * -1e4, [1, 2]))
            return self.intent(states[:, 0]), self.slot(states)

    paddle.seed(1)
    spec = [paddle.static.InputSpec(shape=[-1, -1], dtype="int32", name="input_ids")]
    model = Toy()
    model.eval()
    intent, slot = model(paddle.to_tensor(IDS))
    np.savez(f"{folder}/fp32.npz", intent=intent.numpy(), slot=slot.numpy())
    paddle.jit.save(paddle.jit.to_static(model, input_spec=spec, full_graph=True), f"{folder}/fp32")

    scheme = {"weight_quantize_type": "channel_wise_abs_max", "activation_quantize_type": "moving_average_abs_max"}
    qat = QAT(config={**scheme, "quantizable_layer_type": ["Linear"], "onnx_format": True})
    paddle.seed(1)
    model = Toy()
    qat.quantize(model)
    for seed in range(4):
        model(paddle.to_tensor(np.random.default_rng(seed).integers(1, 60, (4, 9)).astype(np.int32)))
    model.eval()
    qat.save_quantized_model(model, f"{folder}/qat", input_spec=spec)


def compare(*prefixes: str) -> None:
    """Pairs of programs by Paddle's executor: the same inputs and outputs, by name and value."""
    import paddle

    paddle.enable_static()
    answers = []
    for prefix in prefixes:
        with paddle.static.scope_guard(paddle.static.Scope()):
            executor = paddle.static.Executor(paddle.CPUPlace())
            program, feeds, fetches = paddle.static.load_inference_model(prefix, executor)
            answers.append((feeds, [v.name for v in fetches], executor.run(program, {feeds[0]: IDS}, fetches)))
    for (feeds, names, want), (other_feeds, other_names, got) in zip(answers[::2], answers[1::2], strict=True):
        assert (feeds, names) == (other_feeds, other_names)
        for one, other in zip(want, got, strict=True):
            np.testing.assert_allclose(other, one, atol=1e-5)


if __name__ == "__main__":
    {"build": build, "compare": compare}[sys.argv[1]](*sys.argv[2:])
