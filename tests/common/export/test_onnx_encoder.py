# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every way of writing the encoder against a NumPy reference that is written without looking at ONNX."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

from common import machine
from common.export import onnx_encoder
from common.export.onnx_weights import Table

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx_reference import HIDDEN, IDS, ROWS, STYLES, Maker, Reference, assert_close, away_from_ties, exact, make, run


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_fp32_is_the_reference(tmp_path, style, activation):
    encoder, heads = make(activation=activation)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    assert_close(run(tmp_path / "m.onnx", IDS), Reference(encoder, heads).run(IDS), 1e-5)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("int8", [False, True])
def test_padding_changes_nothing(tmp_path, style, int8):
    encoder, heads = make(int8, table_int8=int8)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    both, alone = run(tmp_path / "m.onnx", IDS), run(tmp_path / "m.onnx", np.ascontiguousarray(IDS[1:, :3]))
    assert_close([both[0][1:], both[1][1:, :3]], alone, 1e-5)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("table_int8", [False, True])
def test_int8_is_the_integer_reference(tmp_path, style, table_int8):
    encoder, heads = make(True, table_int8)
    ids, want = away_from_ties(encoder, heads, round_bias=style == "portable")
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    assert_close(run(tmp_path / "m.onnx", ids), want, 1e-4)


@pytest.mark.parametrize("style", STYLES)
def test_tables_and_weights_are_stored_once_as_int8(tmp_path, style):
    encoder, heads = make(True, True)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    model = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(model)
    stored = [numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    assert [value.dtype for value in stored if value.shape == (ROWS, HIDDEN)] == [np.int8]
    matrices = {value.dtype for value in stored if value.ndim == 2 and value.shape[1] > 1 and value.shape[0] > 12}
    assert matrices == {np.dtype(np.int8)}
    assert {opset.domain for opset in model.opset_import} == {""} | (
        {"com.microsoft"} if style != "portable" else set()
    )


@pytest.mark.parametrize("style", STYLES)
def test_two_segments(tmp_path, style):
    encoder, heads = make(task_types=Maker(False, 9).table(3))
    types = np.array([[0, 0, 0, 1, 1, 1], [0, 1, 1, 0, 0, 0]], np.int32)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style, pairs=True)
    assert_close(run(tmp_path / "m.onnx", IDS, types), Reference(encoder, heads).run(IDS, types), 1e-5)


@pytest.mark.parametrize("style", STYLES)
def test_another_pad_id_and_token_heads_only(tmp_path, style):
    encoder, heads = make(pad_id=49, pooler=None)
    onnx_encoder.build(encoder, heads[1:], tmp_path / "m.onnx", style)
    assert_close(run(tmp_path / "m.onnx", IDS), Reference(encoder, heads[1:]).run(IDS), 1e-5)


@pytest.mark.parametrize("int8", [False, True])
def test_openvino_reads_the_portable_file(tmp_path, int8):
    openvino = pytest.importorskip("openvino")
    encoder, heads = make(int8, int8)
    ids, want = away_from_ties(encoder, heads, round_bias=True) if int8 else (IDS, Reference(encoder, heads).run(IDS))
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", "portable")
    options = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    if int8 and not machine.has_int8_dot_product():
        options["LP_TRANSFORMS_MODE"] = "NO"  # as engines.OpenVino does
    compiled = openvino.Core().compile_model(tmp_path / "m.onnx", "CPU", options)
    answers = compiled({"input_ids": ids})
    assert_close([answers["intent"], answers["slot"]], want, 1e-4)


FASTDEPLOY = """
import sys, numpy, fastdeploy
option = fastdeploy.RuntimeOption()
option.set_model_path(sys.argv[1], "", fastdeploy.ModelFormat.ONNX)
option.use_cpu()
option.set_cpu_thread_num(1)
getattr(option, f"use_{sys.argv[2]}_backend")()
numpy.savez(sys.argv[4], *fastdeploy.Runtime(option).infer({"input_ids": numpy.load(sys.argv[3])}))
"""


@pytest.mark.parametrize(
    "style, int8, engine, tolerance",
    [
        ("portable", False, "ort", 1e-5),
        ("portable", True, "ort", 1e-4),
        ("onnxruntime", True, "ort", 1e-4),  # fused float32 is too new for its ONNX Runtime 1.12
        ("portable", True, "openvino", 0.1),  # it computes in bf16 where the CPU has it, and that flips roundings
    ],
)
def test_fastdeploy_reads_the_file(tmp_path, style, int8, engine, tolerance):
    if find_spec("fastdeploy") is None:  # not imported here: it brings an ONNX Runtime of its own
        pytest.skip("fastdeploy-python is not installed")
    encoder, heads = make(int8, int8)
    ids, want = (
        away_from_ties(encoder, heads, style == "portable") if int8 else (IDS, Reference(encoder, heads).run(IDS))
    )
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    if isinstance(opened := exact(tmp_path / "m.onnx"), bytes):
        (tmp_path / "m.onnx").write_bytes(opened)
    np.save(tmp_path / "ids.npy", ids)
    words = [tmp_path / "m.onnx", engine, tmp_path / "ids.npy", tmp_path / "answers.npz"]
    child = subprocess.run([sys.executable, "-c", FASTDEPLOY, *map(str, words)], capture_output=True, text=True)
    assert child.returncode == 0, child.stdout[-500:] + child.stderr[-500:]
    assert_close(list(np.load(tmp_path / "answers.npz").values()), want, tolerance)


def test_a_failed_build_leaves_the_old_file(tmp_path):
    encoder, heads = make()
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")
    encoder.layers[0] = replace(encoder.layers[0], heads=6)
    with pytest.raises(ValueError, match=r"layer 0 query: weight is \[48, 32\], expected \[48, 48\] \(6 heads of 8"):
        onnx_encoder.build(encoder, heads, path)
    with pytest.raises(ValueError, match="head intent: on must be"):
        onnx_encoder.build(make(pooler=None)[0], heads, path)
    with pytest.raises(ValueError, match="head slot: weight has 32 rows, expected 48"):
        onnx_encoder.build(make()[0], [replace(heads[1], linear=Maker(False).linear(32, 9))], path)
    with pytest.raises(ValueError, match="positions: float32"):
        onnx_encoder.build(make(positions=Table(np.zeros((12, 40), np.float32)))[0], heads, path)
    with pytest.raises(ValueError, match="different names"):
        onnx_encoder.build(make()[0], [heads[0], heads[0]], path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.onnx"] and path.read_bytes() == b"old"
