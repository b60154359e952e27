# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a user would serve instead, made of the same weights."""

import json

from common.export import onnx_baselines
from common.report.summary import check_summary

import pytest
from bench import alternatives
from fixture_measured import run


@pytest.mark.slow
def test_alternatives_are_measured_with_the_same_answers(place):
    words = ["--stages", "original=original", "--engines", "onnxruntime", "--rounds", "1", "--alternatives"]
    result = run(place, *words, "--work_dir", "made")
    assert result.returncode == 0, result.stderr
    summary = check_summary(json.loads((place / "summary.json").read_text(encoding="utf-8")))
    names = [alternatives.UNPADDED, onnx_baselines.FP32, onnx_baselines.DYNAMIC, onnx_baselines.NNCF]
    assert [each["name"] for each in summary["alternatives"]] == names
    for each in summary["alternatives"]:
        assert each["metrics"] == pytest.approx({"accuracy": 0.75, "intent_accuracy": 0.85, "slot_f1": 0.9}, abs=1e-9)
        assert each["end_to_end_ms"]["p50"] > 0 and each["peak_rss_mb"] > 10
        assert ("int8_nodes" in each) == ("INT8" in each["name"])
        assert all(count > 0 for count in each.get("int8_nodes", {}).values())
