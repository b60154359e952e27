# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The INT8 bundle of a sub-model; export_model.py through its main."""

import common  # noqa: F401  before paddle
from common.bundle import read_bundle

from calls import call
from tiny_glue import export_words, words


def test_int8_stands_on_the_same_width(exported):
    bundle = read_bundle(exported / "static" / "int8" / "bundle", task="glue_sst-2")
    assert (bundle.stage, bundle.precision, bundle.manifest["embedding"]) == ("width_0.5_int8", "int8", "int8")
    assert bundle.manifest["metrics"]["split"] == "dev, first 32 rows"
    full = read_bundle(exported / "static" / "bundle")
    assert bundle.manifest["parameters"] == full.manifest["parameters"]
    assert bundle.manifest["files"]["model.onnx"]["bytes"] < full.manifest["files"]["model.onnx"]["bytes"]
    for engine in ("paddle", "onnxruntime"):
        assert bundle.engine(engine)["passed"] and bundle.engine(engine)["agreement"] >= 0.99


def test_scores_are_exported(tiny, tmp_path):
    assert call("run_glue", *words(tiny, tmp_path / "model", task_name="sts-b", max_steps=4)).code == 0
    ended = call("export_model", *export_words(tmp_path / "model", tmp_path, int8=True, min_agreement=0.5))
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "static" / "int8" / "bundle", task="glue_sts-b")
    assert bundle.labels == {} and bundle.outputs[0]["shape"] == [-1, 1] and bundle.stage == "int8"
