# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What each stage costs and gains, measured on the fixture bundle."""

import pytest
from fixture_measured import run


def test_the_record_says_how_it_was_measured(measured):
    summary, printed = measured
    assert [summary[key] for key in ("app", "command", "split", "seeds")] == ["ernie_tiny_slu", "sh x", "test", [1, 2]]
    assert summary["machine"]["cpu"] and summary["date"] and summary["commit"]
    assert summary["conditions"]["queries"] == 20 and summary["conditions"]["unseen_queries"] == 14
    assert summary["conditions"]["latency_sentences"] == 5 and summary["alternatives"] == []
    assert "75.00" in printed and "paddle fp32" in printed


def test_sizes_are_those_of_the_files(measured, place):
    stage = measured[0]["stages"][0]
    assert stage["size_bytes"] == (place / "original" / "model.onnx").stat().st_size
    assert "model.arm.nb" not in stage["files"]  # the fixture has none
    for name in ("model.pdmodel", "model.pdiparams", "model.onnx", "model.x86.nb"):
        assert stage["files"][name] == (place / "original" / name).stat().st_size


def test_parity_is_copied_and_only_what_passed_is_timed(measured):
    original, width = ({engine["engine"]: engine for engine in stage["engines"]} for stage in measured[0]["stages"])
    assert original["openvino"]["parity"] == {"passed": True, "max_abs_diff": 5e-6, "agreement": 1.0}
    assert width["openvino"] == {
        "engine": "openvino",
        "precision": "fp32",
        "parity": {"passed": False, "max_abs_diff": 9.5, "agreement": 0.25},
    }
    assert "did not run" in original["paddlelite"]["parity"]["refused"] and len(original["paddlelite"]) == 3
    for engine in (original["onnxruntime"], original["openvino"], original["paddle"], width["onnxruntime"]):
        assert 0 < engine["end_to_end_ms"]["p50"] <= engine["end_to_end_ms"]["p95"]
        assert engine["latency_ms"]["calls"] == engine["end_to_end_ms"]["calls"] == 5
        assert engine["peak_rss_mb"] > 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stages", "originals=original"], "did you mean `original`"),
        (["--stages", "original"], "not STAGE=FOLDER"),
        (["--stages", "width=width"], "the original comes first"),
        (["--stages", "original=original", "width=width", "width=width"], "width after width"),
        (["--stages", "original=width"], "exported as the stage `width`, not as `original`"),
        (["--stages", "original=nowhere"], "nowhere: no such"),
        (["--stages", "original=original", "--engines", "onnxrunt"], "did you mean `onnxruntime`"),
        (["--stages", "original=original", "--rounds", "0"], "--rounds must be at least 1"),
    ],
)
def test_wrong_words_end_with_one_line(place, words, message):
    result = run(place, *words)
    assert result.returncode == 2
    assert message in result.stderr and result.stderr.count("\n") == 1
