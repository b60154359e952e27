# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The form of summary.json: what is accepted, and that a fault is named by its key."""

import json

from common.cli import UserError
from common.report.summary import baseline, best_engine, check_summary, main_engine, refusal

import pytest
from summary_fixture import made_up_summary


@pytest.fixture
def summary():
    return made_up_summary()


def put(summary, path: list, value) -> None:
    """Set the key at `path`, or delete it where the value is `...`."""
    *way, last = path
    for step in way:
        summary = summary[step]
    if value is ...:
        del summary[last]
    else:
        summary[last] = value


def test_the_made_up_one_is_accepted_also_after_json(summary):
    assert check_summary(summary) is summary
    assert check_summary(json.loads(json.dumps(summary))) == summary


@pytest.mark.parametrize("name", ["width_0.8333", "width_0.6667_int8", "width_0.5", "width_1_int8"])
def test_a_stage_may_be_called_by_its_width(summary, name):
    put(summary, ["stages", 2, "stage"], name)
    check_summary(summary)


@pytest.mark.parametrize(
    "path",
    [
        ["date"],
        ["alternatives"],
        ["stages", 0, "engines", 0, "parity"],
        ["stages", 0, "engines", 0, "latency_ms"],
        ["stages", 0, "engines", 0, "end_to_end_ms"],
        ["stages", 0, "engines", 0, "peak_rss_mb"],
        ["alternatives", 0, "end_to_end_ms"],
    ],
)
def test_what_was_not_measured_may_be_absent_or_null(summary, path):
    put(summary, path, None)
    check_summary(summary)
    put(summary, path, ...)
    check_summary(summary)


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (["app"], ..., ["app: missing"]),
        (["machine"], 3, ["machine: expected str or dict, got int"]),
        (["seeds"], 7, ["seeds: expected list"]),
        (["seeds", 1], "7", ["seeds[1]: expected int"]),
        (["stages"], [], ["stages: is empty"]),
        (["stages", 2], None, ["stages[2]: expected dict"]),
        (["stages", 2, "stage"], "wdth", ["stages[2].stage: `wdth`", "did you mean `width`?"]),
        (["stages", 0, "stage"], "vocabulary", ["stages[0].stage: is `vocabulary`; the original comes first"]),
        (["stages", 2, "stage"], "int8", ["stages: one stage comes twice"]),
        (["stages", 2, "size_bytes"], ..., ["stages[2].size_bytes: missing; there are: stage, metrics, engines"]),
        (["stages", 2, "size_bytes"], 0, ["stages[2].size_bytes: must be positive"]),
        (["stages", 2, "size_bytes"], True, ["stages[2].size_bytes: expected int, got bool"]),
        (["stages", 2, "metrics", "slot_f1"], 73.0, ["stages[2].metrics.slot_f1: is 73.0", "0.8 and not 80"]),
        (["stages", 2, "metrics", "slot_f1"], float("nan"), ["stages[2].metrics.slot_f1: is nan"]),
        (["stages", 1, "engines", 0, "engine"], ..., ["stages[1].engines[0].engine: missing"]),
        (["stages", 1, "engines", 0, "parity"], {}, ["stages[1].engines[0].parity: has neither"]),
        (["stages", 1, "engines", 0, "parity"], {"passed": "yes"}, ["stages[1].engines[0].parity: has neither"]),
        (["stages", 1, "engines", 0, "parity"], {"refused": 1}, ["parity.refused: expected str"]),
        (["stages", 1, "engines", 0, "latency_ms", "p95"], ..., ["stages[1].engines[0].latency_ms.p95: missing"]),
        (["stages", 1, "engines", 0, "latency_ms", "p50"], "fast", ["latency_ms.p50: expected int or float, got str"]),
        (["stages", 1, "engines", 0, "peak_rss_mb"], -1, ["peak_rss_mb: must be a number of 0 or more, got -1"]),
        (["alternatives", 1, "name"], ..., ["alternatives[1].name: missing"]),
        (["alternatives", 1, "metrics"], [0.8], ["alternatives[1].metrics: expected dict"]),
    ],
)
def test_a_fault_is_named_by_its_key(summary, path, value, parts):
    put(summary, path, value)
    with pytest.raises(UserError) as caught:
        check_summary(summary, "output/summary.json")
    assert str(caught.value).startswith("output/summary.json: ")
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("whole", [None, [], "text", 3])
def test_another_kind_of_json(whole):
    with pytest.raises(UserError, match="the whole: expected dict"):
        check_summary(whole)


def test_the_best_engine_is_the_fastest_that_passed(summary):
    int8 = summary["stages"][3]
    assert best_engine(int8)["engine"] == "onnxruntime"  # paddle is faster and failed the gate
    put(summary, ["stages", 3, "engines", 0, "parity", "passed"], False)
    assert best_engine(int8)["engine"] == "openvino"
    put(summary, ["stages", 3, "engines", 2, "parity", "passed"], False)
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
