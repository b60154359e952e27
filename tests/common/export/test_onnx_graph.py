# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.export.onnx_graph import IR_VERSION, MICROSOFT, OPSET, Graph

import numpy as np
import onnx
import onnxruntime
import pytest


def test_equal_constants_are_stored_once_and_names_are_unique():
    graph = Graph()
    one, same = graph.constant(np.float32(2), "two"), graph.constant(np.float32(2), "other")
    assert one == same == "two"
    assert graph.constant(np.int64(2), "two") == "two_2", "another dtype is another constant"
    assert graph.constant(np.array([2], np.float32)) == "value", "so is another shape"
    assert [graph.node("Relu", ["x"], "layer") for _ in range(2)] == ["layer/Relu", "layer/Relu_2"]


def test_absent_inputs_at_the_end_are_left_out_and_outputs_are_numbered():
    graph = Graph()
    assert graph.node("Split", ["x", "sizes"], "parts", outputs=2, axis=-1) == ["parts/Split.0", "parts/Split.1"]
    graph.node("Attention", ["x", "", "mask", "", ""], "it", domain=MICROSOFT)
    assert list(graph.nodes[-1].input) == ["x", "", "mask"]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_a_model_takes_ids_of_either_type(dtype):
    graph = Graph()
    ids = graph.node("Cast", ["ids"], "ids", to=onnx.TensorProto.FLOAT)
    tensor = graph.node("Mul", [ids, graph.constant(np.float32(0.5))], "half")
    model = graph.model({"ids": ("batch", "length")}, {"y": (tensor, ("batch", "length"))}, dtype)
    onnx.checker.check_model(model)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]
    assert model.ir_version == IR_VERSION
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (answer,) = session.run(["y"], {"ids": np.array([[1, 2, 3]], dtype)})
    assert answer.tolist() == [[0.5, 1.0, 1.5]]
