# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The INT8 bundle of a sub-model."""

import common  # noqa: F401  before paddle
from common.bundle import read_bundle
from common.export.onnx_file import count_nodes


def test_int8_is_int8_and_decides_as_fp32(exported):
    bundle = read_bundle(exported / "static_model_int8" / "bundle")
    assert (bundle.stage, bundle.precision, bundle.manifest["embedding"]) == ("width_0.5_int8", "int8", "int8")
    assert bundle.manifest["int8_ops"] == ["fc"] and bundle.engine("onnxruntime")["agreement"] >= 0.95
    nodes = count_nodes(bundle.path / "model.onnx")
    assert nodes["QAttention"] == 2 and nodes["MatMulIntegerToFloat"] == 2 * 3 + 1 and "MatMul" not in nodes
