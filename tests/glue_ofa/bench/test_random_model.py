# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bundles of an architecture with random weights."""

import common  # noqa: F401  before paddle
from common.bundle import read_bundle

from bench import child
from calls import call
from glue.predictor import GluePredictor


def test_shapes_of_an_architecture_can_be_timed(tmp_path):
    """Random weights of BERT's kind, at the whole width and at half, FP32 and INT8; nothing is made twice."""
    small = ["--num_hidden_layers", 1, "--hidden_size", 128, "--vocab_size", 300, "--width_mult_list", 0.5]
    given = ["--output_dir", tmp_path, "--max_seq_length", 16, "--gate_engines", "paddle", "onnxruntime", *small]
    ended = call("bench.random_model", *given)
    assert ended.code == 0, ended.err
    stages = []
    for stage, heads in (("original", [2]), ("width_0.5", [1])):
        full, int8 = (read_bundle(tmp_path / stage / part) for part in ("bundle", "int8/bundle"))
        assert full.architecture["heads"] == int8.architecture["heads"] == heads
        assert (int8.precision, int8.stage) == ("int8", {"original": "int8"}.get(stage, f"{stage}_int8"))
        stages.append(f"{stage}={full.path}")
    assert GluePredictor(full).answer(child.MADE_UP[0])["label"] in ("0", "1"), "its words must be known"
    again = call("bench.random_model", *given)
    assert again.code == 0 and "parity" not in again.out
