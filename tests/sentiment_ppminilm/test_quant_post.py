# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""quant_post.py through its main: what each target gets, the gate, refusals; upstream's defects by name."""

import common  # noqa: F401  before paddle
from common.bundle import read_bundle
from common.compress import static_ptq
from common.export import lite, onnx_baselines
from common.export.onnx_file import count_nodes

import pytest
from calls import call
from quant_words import words

QUICK = ("paddle", "onnxruntime")


def test_the_bundle_says_what_it_is(quantised):
    bundle = quantised.bundle
    assert (bundle.stage, bundle.precision, bundle.manifest["embedding"]) == ("int8", "int8", "int8")
    assert bundle.manifest["int8_ops"] == ["fc"]
    assert bundle.manifest["metrics"]["split"] == "dev" and bundle.manifest["metrics"]["f1"] > 0.95


def test_every_engine_that_ran_decides_as_fp32(quantised):
    engines = quantised.bundle.manifest["engines"]
    assert {"paddle", "onnxruntime", "openvino"} <= set(engines)
    for name in ("paddle", "onnxruntime", "openvino"):
        assert engines[name]["passed"] and engines[name]["agreement"] >= 0.99, name
    assert engines["openvino"]["file"] == "model.xml"


def test_what_is_called_int8_is_int8(quantised):
    folder = quantised.folder / "bundle"
    nodes = count_nodes(folder / "model.onnx")
    assert nodes["QAttention"] == 2 and nodes["MatMulIntegerToFloat"] == 2 * 3 + 2 and "MatMul" not in nodes
    assert onnx_baselines.int8_nodes(folder / "model.onnx")["tables"] >= 1
    # all 14 products with stored weights; those of attention with itself stay as they were
    assert static_ptq.count_int8(folder / "model.pdmodel") == {"products": 18, "quantised": 14}
    assert "fake_quantize" in quantised.out and "64 rows" not in quantised.out


def test_the_documents_names_are_links_into_the_bundle(quantised):
    for suffix in ("pdmodel", "pdiparams"):
        assert (quantised.folder / f"infer.{suffix}").resolve() == quantised.bundle.path / f"model.{suffix}"


def test_tensorrt_gets_the_documents_program(tiny, trained, exported, tmp_path):
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", "--target", "tensorrt"))
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "quant" / "bundle")
    assert set(bundle.manifest["files"]) == {"labels.json", "model.pdiparams", "model.pdmodel", "vocab.txt"}
    assert static_ptq.count_int8(bundle.path / "model.pdmodel") == {"products": 18, "quantised": 18}
    assert bundle.manifest["int8_ops"] == [] and list(bundle.manifest["engines"]) == ["paddle"]
    assert "by avg" in ended.out


def test_lite_gets_an_arm_file(tiny, trained, exported, tmp_path):
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", "--target", "lite", "--embeddings"))
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "quant" / "bundle")
    assert lite.kernels(bundle.path / "model.arm.nb")["arm", "int8"] >= 12
    assert [each["dtype"] for each in bundle.inputs] == ["int32", "int32"]


def test_dynamic_onnx(tiny, trained, exported, tmp_path):
    more = ("--embeddings", "--onnx_method", "dynamic")
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", *more))
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "quant" / "bundle")
    assert "QAttention" not in count_nodes(bundle.path / "model.onnx")
    assert bundle.engine("onnxruntime")["passed"] and "dynamic: " in ended.out


@pytest.mark.parametrize("algorithm", ["abs_max", "hist", "mse"])
def test_algorithms(tiny, trained, exported, tmp_path, algorithm):
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", "--algorithm", algorithm))
    assert ended.code == 0, ended.err
    assert f"by {algorithm}" in ended.out
