# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import numpy as np
import onnx
import pytest
from fleetx.serve import engines, onnx_weights
from onnx import TensorProto, helper, numpy_helper

ROWS, WIDTH = 40, 32


@pytest.fixture
def made(tmp_path):
    """y = (table[ids] @ w) @ table.T with the transposed table stored once more; path and constants."""
    random = np.random.default_rng(0)
    table = random.normal(size=(ROWS, WIDTH)).astype("float32")
    constants = {"table": table, "w": random.normal(size=(WIDTH, WIDTH)).astype("float32"), "t": table.T.copy()}
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["h"]),
        helper.make_node("MatMul", ["h", "w"], ["g"]),
        helper.make_node("MatMul", ["g", "t"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", ROWS])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path, constants


def run(path):
    """By the app's engine, whose integer kernels are exact on any CPU."""
    return engines.onnxruntime(path.parent)(np.arange(7))


def test_a_transposed_table_is_stored_once(made):
    path, _ = made
    before, size = run(path), path.stat().st_size
    assert onnx_weights.share_transposed(path) == 1
    np.testing.assert_array_equal(run(path), before)
    assert size - path.stat().st_size > 4 * ROWS * WIDTH - 200
    assert onnx_weights.share_transposed(path) == 0


def test_products_become_int8(made):
    """Against round(x / s) and round(w / s) by hand."""
    path, constants = made
    size, weight = path.stat().st_size, constants["w"]
    scale = np.abs(weight).max(axis=0) / 127
    integers = np.clip(np.round(weight / scale), -127, 127).astype("int8")
    layer = {"weight": integers, "weight_scale": scale, "input_scale": 0.015}
    assert onnx_weights.quantize_products(path, {"w": layer, "elsewhere": layer}) == 1
    x = np.clip(np.round(constants["table"][:7] / np.float32(0.015)), -128, 127) * 0.015
    np.testing.assert_allclose(run(path), x @ (integers * scale) @ constants["t"], atol=2e-3)
    kinds = [node.op_type for node in onnx.load(str(path)).graph.node]
    assert kinds.count("QuantizeLinear") == 1 and kinds.count("DequantizeLinear") == 2
    assert size - path.stat().st_size > 3 * WIDTH * WIDTH - 1200  # one byte a weight; names and scales come in
    stored = {each.name: each.data_type for each in onnx.load(str(path)).graph.initializer}
    assert "w" not in stored and stored["w.int8.weight"] == TensorProto.INT8
