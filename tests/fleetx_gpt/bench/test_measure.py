# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Rows of a summary, and what is refused."""

import common  # noqa: F401  before paddle

import tiny
from bench import measure
from calls import call


def test_an_engine_that_a_model_was_not_exported_for_is_told():
    manifest = {
        "precision": "fp32",
        "parameters": 7,
        "engines": {"paddle": {"difference": 1e-6, "agreement": 1.0}},
        "files": {"model.pdmodel": {"bytes": 10}, "model.pdiparams": {"bytes": 90}},
    }
    answer = {"latency_ms": {"p50": 1, "p95": 2}, "end_to_end_ms": {"p50": 3, "p95": 4}, "peak_rss_mb": 5}
    found = {("original", "paddle"): {**answer, "scores": {"all": {"accuracy": 0.25}}}}
    row = measure.entry("original", manifest, found, ("paddle", "onnxruntime"))
    assert row["size_bytes"] == 100 and row["metrics"] == {"accuracy": 0.25}
    assert row["engines"][1]["parity"] == {"refused": "it was not exported for this engine"}
    assert measure.alternative("small", row)["end_to_end_ms"] == {"p50": 3, "p95": 4}


SMALL = tiny.CONFIGS / "small"


def test_measure_and_collect(tmp_path, dense):
    given = ["-c", SMALL / "gpt_tiny.yaml", "--eval_path", "x", "--output", tmp_path / "out.json", "--stages"]
    for words, message in (
        (["int8=x"], "--stages: the original comes first"),
        (["original"], "--stages: `original` is not NAME=FOLDER"),
        (["original=x", "original=y"], "--stages: original is there twice"),
        (["original=x", "narrow=y"], "`narrow` is none of original, "),
        (["original=nowhere"], "no such exported model (Inference.model_dir)"),
        (["original=x", "--engines", "openvino"], "`openvino`"),
    ):
        ended = call("bench.measure", *given, *words)
        assert ended.code == 2 and message in ended.err and len(ended.err.splitlines()) == 1, ended.err
    ended = call("bench.collect", "--summary", tmp_path / "none.json", "--runs", tmp_path)
    assert ended.code == 2 and "no such summary" in ended.err
