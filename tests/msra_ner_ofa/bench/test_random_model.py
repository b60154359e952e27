# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bundles of the document's architecture with random weights."""

import common  # noqa: F401  before paddle
from common import files

from calls import call

SHORT = ["--repeats", "1", "--rounds", "1", "--length", "16", "--batch_size", "4", "--characters", "300"]

ENGINES = ["--engines", "paddle", "onnxruntime"]


def test_the_documents_shape_is_timed_without_scores(tiny, tmp_path):
    """A small one of its kind: bundles of every width and of INT8, and a summary that claims no score."""
    words = ["--data_dir", tiny.data, "--output_dir", tmp_path, "--num_hidden_layers", 1, "--hidden_size", 128]
    ended = call(
        "bench.random_model", *words, "--width_mult_list", "0.5", "--max_seq_length", 32, "--gate_engines", *ENGINES[1:]
    )
    assert ended.code == 0, ended.err
    stages = [f"{name}={tmp_path / name / 'bundle'}" for name in ("original", "width_0.5", "width_0.5_int8")]
    words = ["--stages", *stages, "--scores", "False", "--app", "bert_base", "--output", tmp_path / "summary.json"]
    ended = call("bench.measure", *words, "--test_path", tiny.data / "test.txt", *SHORT, *ENGINES)
    assert ended.code == 0, ended.err
    summary = files.read_json(tmp_path / "summary.json")
    assert summary["app"] == "bert_base" and all(stage["metrics"] == {} for stage in summary["stages"])
