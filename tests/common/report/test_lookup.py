# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from common.report.lookup import baseline, best_engine, main_engine, refusal

import pytest
from summary_fixture import made_up_summary


@pytest.fixture
def summary():
    return made_up_summary()


def test_the_best_engine_is_the_fastest_that_passed(summary):
    int8 = summary["stages"][3]
    assert best_engine(int8)["engine"] == "onnxruntime"  # paddle is faster and failed the gate
    int8["engines"][0]["parity"]["passed"] = False
    assert best_engine(int8)["engine"] == "openvino"
    int8["engines"][2]["parity"]["passed"] = False
    assert best_engine(int8) is None
    assert refusal(int8["engines"][3]) == "INT8 crashes on x86; take onnxruntime"


def test_without_end_to_end_times_the_model_alone_decides(summary):
    original = summary["stages"][0]
    for engine in original["engines"]:
        del engine["end_to_end_ms"]
    assert best_engine(original)["engine"] == "openvino"
    for engine in original["engines"]:
        del engine["latency_ms"]
    assert best_engine(original)["engine"] == "onnxruntime"  # the first that passed


def test_the_baseline_is_the_original_on_paddle_or_the_named_engine(summary):
    assert baseline(summary)["engine"] == "paddle"
    assert main_engine(summary, summary["stages"][0])["engine"] == "paddle"
    assert main_engine(summary, summary["stages"][1])["engine"] == "onnxruntime"
    summary["baseline_engine"] = "openvino"
    assert baseline(summary)["engine"] == "openvino"
    summary["baseline_engine"] = "fastdeploy_paddle"  # not measured
    assert baseline(summary)["engine"] == "onnxruntime"
