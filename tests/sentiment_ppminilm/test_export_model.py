# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""export_model.py through its main: bundle, links, the gate, refusals."""

import shutil

import common  # noqa: F401  before paddle
from common import files
from common.bundle import read_bundle

import pytest
from calls import call


def test_the_bundle_says_what_it_is(exported):
    bundle = read_bundle(exported / "bundle", task="aspect_sentiment", app="sentiment_ppminilm")
    assert (bundle.stage, bundle.precision, bundle.max_length) == ("original", "fp32", 32)
    assert bundle.labels == {"class": ["0", "1"]} and bundle.manifest["label_names"] == ["negative", "positive"]
    assert [each["name"] for each in bundle.inputs] == ["input_ids", "token_type_ids"]


def test_every_engine_that_ran_passed_within_the_tolerance(exported):
    engines = files.read_json(exported / "bundle" / "manifest.json")["engines"]
    assert {"paddle", "onnxruntime", "openvino"} <= set(engines)
    for name, verdict in engines.items():
        assert verdict["passed"] and verdict["max_abs_diff"] <= 1e-4 and verdict["agreement"] == 1.0, name


def test_the_documents_names_are_links_into_the_bundle(exported):
    for suffix in ("pdmodel", "pdiparams"):
        assert (exported / f"infer.{suffix}").resolve() == (exported / "bundle" / f"model.{suffix}").resolve()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--max_seq_len", "65"], "--max_seq_len 65: the model's position table has 64 rows"),
        (["--gate_engines", "paddle"], "--gate_engines needs onnxruntime"),
        (["--gate_engines", "padle", "onnxruntime"], "`padle` (did you mean `paddle`?)"),
        (["--input_dtype", "int8"], "--input_dtype must be int64 or int32"),
    ],
)
def test_bad_export_options(tiny, trained, tmp_path, words, message):
    ended = call(
        "export_model", "--checkpoints", trained, "--gate_path", tiny.dev, "--static_model_dir", tmp_path, *words
    )
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1


def test_a_damaged_checkpoint_is_refused(tiny, trained, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(trained, broken, ignore=shutil.ignore_patterns("checkpoint-*"))
    config = files.read_json(broken / "config.json")
    files.write_json(broken / "config.json", config | {"intermediate_size": 48})
    ended = call("export_model", "--checkpoints", broken, "--gate_path", tiny.dev)
    assert ended.code == 2 and "config.json says" in ended.err
