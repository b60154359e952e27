# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""bench/measure.py on tiny bundles, and what is compared with what."""

import common  # noqa: F401  before paddle
from common import files

import pytest
from bench import measure
from calls import call
from glue import tasks
from tiny_glue import SHORT


def test_the_summary_holds_what_was_measured(measured):
    assert (measured["app"], measured["seeds"]) == ("glue_ofa", [7])
    assert [stage["stage"] for stage in measured["stages"]] == ["original", "width_0.5", "width_0.5_int8"]
    for stage in measured["stages"]:
        assert list(stage["metrics"]) == ["accuracy"] and stage["metrics"]["accuracy"] > 0.9
        for engine in stage["engines"]:
            assert engine["parity"]["passed"] and engine["same_answers"] is True
            assert 0.9 < engine["parity"]["agreement"] <= 1.0 and engine["file_bytes"] > 1000
            for key in ("latency_ms", "end_to_end_ms"):
                assert 0 < engine[key]["p50"] <= engine[key]["p95"]


def test_speed_is_compared_on_the_same_engine(measured):
    table = measured["tables"]["speed"]
    assert table["head"] == ["stage", "parameters", "paddle ms", "onnxruntime ms"]
    assert [row[0] for row in table["rows"]] == ["original", "width_0.5", "width_0.5_int8"]
    assert all(cell.endswith("(1.00 ×)") for cell in table["rows"][0][2:])
    stages = [
        {
            "stage": name,
            "parameters": count,
            "engines": [{"engine": "paddle", "latency_ms": {"p50": time, "p95": time}}],
        }
        for name, count, time in (("original", 109_483_778, 300.0), ("width_0.5", None, 150.0))
    ]
    assert measure.speed(stages, ("paddle", "openvino")).rows == [
        ["original", "109.5", "300.0 (1.00 ×)", "–"],
        ["width_0.5", "–", "150.0 (2.00 ×)", "–"],
    ]


def test_without_data_there_are_times_only(stages, tmp_path):
    path = tmp_path / "summary.json"
    ended = call("bench.measure", "--stages", stages[0], "--output", path, *SHORT, "--app", "glue_ofa_bert_base")
    assert ended.code == 0, ended.err
    found = files.read_json(path)
    assert found["app"] == "glue_ofa_bert_base" and found["stages"][0]["metrics"] == {}
    assert found["stages"][0]["engines"][0]["latency_ms"]["p50"] > 0


def test_scores_are_compared_as_whole_numbers_and_classes_as_they_are():
    assert measure.agreement(tasks.find("STS-B"), [0.4, 2.6], [0.1, 2.4]) == {"agreement": 0.5}
    assert measure.agreement(tasks.find("SST-2"), [0, 1, 1, 0], [1, 1, 1, 0]) == {"agreement": 0.75}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["width_0.5=x"], "no such bundle folder"),
        (["original"], "--stages: write original=FOLDER first"),
    ],
)
def test_bad_stages(given, message, tmp_path):
    ended = call("bench.measure", "--stages", *given, "--output", tmp_path / "x.json")
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1


def test_the_original_comes_first(stages, tmp_path):
    ended = call("bench.measure", "--stages", stages[1], "--output", tmp_path / "x.json", *SHORT)
    assert ended.code == 2 and "the original comes first" in ended.err
