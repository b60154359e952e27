# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What goes into a summary of the fixture bundle's stages: verdicts of the gate, figures, and the head."""

import json
from pathlib import Path

from common.bundle.bundle import Bundle, read_bundle
from common.cli import UserError
from common.measure import entries
from common.measure.options import MeasureOptions
from common.report.publish import publish
from common.report.summary import check_summary

import bundle_fixture
import pytest

PASSED = {"precision": "fp32", "passed": True, "max_abs_diff": 2.5e-6, "agreement": 1.0}
GATES = {
    "onnxruntime": {"file": "model.onnx", **PASSED},
    "openvino": {"file": "model.onnx", **PASSED, "passed": False, "agreement": 0.25},
}


def bundle(folder: Path, **changes) -> Bundle:
    return read_bundle(bundle_fixture.copy(folder, engines=GATES, **changes))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stages")
    bundle(folder / "original")
    bundle(folder / "int8", stage="int8", precision="int8")
    return folder


def test_refused_are_forbidden_cells_and_engines_without_a_gate(place):
    int8, original = read_bundle(place / "int8"), read_bundle(place / "original")
    assert "take onnxruntime here" in entries.refused(int8, "paddlelite")
    assert "did not run" in entries.refused(original, "paddle")
    assert entries.refused(int8, "onnxruntime") is None
    assert entries.timed_engines(original, ("paddle", "openvino", "onnxruntime")) == ["onnxruntime"]


def test_an_entry_is_the_gates_verdict_and_what_was_measured(place):
    original = read_bundle(place / "original")
    found = {"end_to_end_ms": {"p50": 1.0, "p95": 2.0}, "peak_rss_mb": 60}
    passed = {"passed": True, "max_abs_diff": 2.5e-6, "agreement": 1.0}
    head = {"engine": "onnxruntime", "precision": "fp32"}
    assert entries.engine_entry(original, "onnxruntime", found) == {**head, "parity": passed, **found}
    assert entries.engine_entry(original, "onnxruntime", {"failed": "why"}) == {**head, "parity": {"refused": "why"}}
    not_taken = entries.engine_entry(original, "openvino", None)
    assert not_taken["parity"] == {**passed, "passed": False, "agreement": 0.25} and len(not_taken) == 3
    assert "did not run" in entries.engine_entry(original, "paddle", None)["parity"]["refused"]


def test_an_alternative_has_its_costs_and_the_metrics_asked_for():
    made = {"kind": "onnxruntime", "model": "m.onnx", "size_bytes": 5, "int8_nodes": {"products": 2}}
    found = {"end_to_end_ms": {"p50": 1.0}, "scores": {"all": {"f1": 0.5, "accuracy": 0.75}}}
    entry = entries.alternative_entry("other", made, found, ("accuracy",))
    assert entry == {
        "name": "other",
        "size_bytes": 5,
        "int8_nodes": {"products": 2},
        "metrics": {"accuracy": 0.75},
        "end_to_end_ms": {"p50": 1.0},
    }
    assert "scores" in found


def test_a_summary_is_checked_written_and_told(place, tmp_path, capsys):
    original = read_bundle(place / "original")
    options = MeasureOptions((f"original={place / 'original'}",), command="sh x", seeds=(1, 2))
    entry = {"stage": "original", **entries.sizes(original), "metrics": {"accuracy": 0.75}, "engines": []}
    summary = {**entries.summary_head("tiny", options), "stages": [entry]}
    publish(summary, tmp_path / "summary.json")
    written = check_summary(json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")))
    assert [written[key] for key in ("app", "command", "split", "seeds")] == ["tiny", "sh x", "test", [1, 2]]
    assert written["machine"]["cpu"] and written["date"] and written["commit"]
    files = written["stages"][0]["files"]
    assert (
        written["stages"][0]["size_bytes"] == (place / "original" / "model.onnx").stat().st_size == files["model.onnx"]
    )
    assert "model.arm.nb" not in files and set(files) >= {"model.pdmodel", "model.pdiparams", "model.x86.nb"}
    assert "75.00" in capsys.readouterr().out
    with pytest.raises(UserError):
        publish({**summary, "stages": []}, tmp_path / "other.json")
    assert not (tmp_path / "other.json").exists()
