# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Scores of an engine are counted from its answers."""

import json

from common.engines import runtime

import numpy as np
import pytest
import tiny_bundle
from speed_calls import WRONG, figures, run


@pytest.mark.parametrize("engine", ["paddle", "onnxruntime", "openvino"])
def test_scores_are_counted_from_the_answers(fp32, engine, tmp_path):
    """30 rows, of which 3 have another label than the model gives: F1 is that of the last label, as in the document."""
    lack = runtime.available(engine)
    if lack:
        pytest.skip(lack)
    found = figures(run(*fp32, "--engine", engine, "--eval", "--batch_size", 7, "--output_dir", tmp_path))
    predicted = tiny_bundle.logits().argmax(axis=1)
    gold = np.array([label ^ (row in WRONG) for row, label in enumerate(predicted)])
    right = ((gold == 1) & (predicted == 1)).sum()
    precision, recall = right / (predicted == 1).sum(), right / (gold == 1).sum()
    assert found["accuracy"] == "0.90000"
    assert found["precision"] == f"{precision:.5f}" and found["recall"] == f"{recall:.5f}"
    assert found["f1"] == found["f1_1"] == f"{2 * precision * recall / (precision + recall):.5f}"
    written = json.loads((tmp_path / "eval_results.json").read_text())
    assert {name: f"{value:.5f}" for name, value in written.items()}.items() <= found.items()
