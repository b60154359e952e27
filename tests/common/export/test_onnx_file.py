# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What is asked of finished files, and unsigned weights against signed ones."""

from common.cli import UserError
from common.export import onnx_encoder, onnx_file

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from onnx_reference import IDS, STYLES, make, run_as_it_is


def test_counted_nodes_prove_int8(tmp_path):
    encoder, heads = make(True, True)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx")
    nodes = onnx_file.count_nodes(tmp_path / "m.onnx")
    assert nodes["QAttention"] == 2
    assert nodes["MatMulIntegerToFloat"] == 2 * 3 + 1 + 2  # output and two FFN halves, pooler, heads
    assert nodes["QuantizeLinear"] == 2 * 4 + 3  # one for each input, not for each use of it
    assert "MatMul" not in nodes and "DequantizeLinear" not in nodes
    onnx_encoder.build(encoder, heads, tmp_path / "p.onnx", "portable")
    nodes = onnx_file.count_nodes((tmp_path / "p.onnx").read_bytes())
    assert nodes["MatMul"] == 2 * (4 + 2) + 1 + 2  # the two of attention itself stay float32
    assert nodes["DequantizeLinear"] == 3 * (2 * 4 + 1 + 2)  # input, weight and bias of each Linear


@pytest.mark.parametrize("style", STYLES)
def test_unsigned_weights_give_equal_answers(tmp_path, style):
    """Two products of 255 * 64 at most fit into 16 bits: such signed weights saturate on no CPU."""
    encoder, heads = make(True, True, largest=64)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    unsigned = onnx_file.to_unsigned_weights(tmp_path / "m.onnx")
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load_model_from_string(unsigned).graph.initializer}
    signed = [name for name, value in stored.items() if value.dtype == np.int8 and value.ndim == 2]
    assert signed == ["words"]
    for one, other in zip(run_as_it_is(unsigned, IDS), run_as_it_is(tmp_path / "m.onnx", IDS), strict=True):
        assert np.array_equal(one, other)
    assert onnx_file.count_nodes(unsigned) == onnx_file.count_nodes(tmp_path / "m.onnx")


def dynamic_product(op: str, weight: np.ndarray, zero_point: int | None) -> bytes:
    """y = x @ real weight, the input quantised at run time: by quantize_dynamic's nodes, or by what joins them."""
    floats = {"scale": np.float32(0.01), "bias": np.zeros(weight.shape[1], np.float32)}
    constants = {"weight": weight, **floats}
    if zero_point is not None:
        constants["zero"] = np.int8(zero_point)
    zero = "zero" if zero_point is not None else ""
    if op == "MatMulInteger":
        nodes = [
            helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "step", "shift"]),
            helper.make_node(op, ["q", "weight", "shift", *([zero] if zero else [])], ["sums"]),
            helper.make_node("Cast", ["sums"], ["whole"], to=1),
            helper.make_node("Mul", ["step", "scale"], ["both"]),
            helper.make_node("Mul", ["whole", "both"], ["y"]),
        ]
    else:
        words = ["x", "weight", "scale", zero, "bias"]
        nodes = [helper.make_node(op, words, ["y"], domain="com.microsoft")]
    ports = [helper.make_tensor_value_info(name, 1, ["rows", None]) for name in "xy"]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "dynamic", ports[:1], ports[1:], tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


@pytest.mark.parametrize("zero_point", [None, 0, -3])
@pytest.mark.parametrize("op", ["MatMulInteger", "DynamicQuantizeMatMul"])
def test_dynamically_quantised_products_are_exact_with_unsigned_weights(op, zero_point):
    """Pairs of large products, which saturate in 16 bits on a CPU without VNNI, against whole numbers."""
    random = np.random.default_rng(5)
    weight = random.choice(np.array([-127, 126, 127], np.int8), (64, 24))
    steps = random.choice([0, 150, 255], (5, 64))
    x = (steps / 255).astype(np.float32)
    unsigned = onnx_file.to_unsigned_weights(dynamic_product(op, weight, zero_point))
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load_model_from_string(unsigned).graph.initializer}
    assert stored["weight"].dtype == np.uint8
    answer = onnxruntime.InferenceSession(unsigned, providers=["CPUExecutionProvider"]).run(["y"], {"x": x})[0]
    whole = steps @ (weight.astype(np.int64) - (zero_point or 0))
    np.testing.assert_allclose(answer, whole / 255 * 0.01, rtol=1e-5, atol=1e-5)


def test_nothing_to_make_unsigned(tmp_path):
    onnx_encoder.build(*make(), tmp_path / "m.onnx")
    with pytest.raises(UserError, match="no INT8 weight"):
        onnx_file.to_unsigned_weights(tmp_path / "m.onnx")


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x08"])
def test_not_an_onnx_file(tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(UserError, match=r"m\.onnx: not an ONNX model"):
        onnx_file.count_nodes(tmp_path / "m.onnx")
