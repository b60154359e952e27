# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Stages of a benchmark on the fixture bundle: which are taken, which engines are timed, and what is published."""

import json
from pathlib import Path

from common.bundle.bundle import Bundle, read_bundle
from common.cli import UserError
from common.measure import stages
from common.report.summary import check_summary

import bundle_fixture
import pytest

PASSED = {"precision": "fp32", "passed": True, "max_abs_diff": 2.5e-6, "agreement": 1.0}
GATES = {
    "onnxruntime": {"file": "model.onnx", **PASSED},
    "openvino": {"file": "model.onnx", **PASSED, "passed": False, "agreement": 0.25},
}
TASK = "joint_intent_slot"


def bundle(folder: Path, **changes) -> Bundle:
    return read_bundle(bundle_fixture.copy(folder, engines=GATES, **changes))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stages")
    bundle(folder / "original")
    bundle(folder / "int8", stage="int8", precision="int8")
    return folder


def test_stages_come_in_their_order(place):
    found = stages.read_stages([f"{name}={place / name}" for name in ("original", "int8")], "--stages", TASK)
    assert list(found) == ["original", "int8"] and found["int8"].precision == "int8"
    assert stages.require_original(found, "--stages") is found["original"]
    assert stages.read_stages([], "--crf_stages", TASK) == {}


def test_an_app_may_have_another_order(place):
    """Which stages there are, and which comes after which, is the app's."""
    words = [f"{name}={place / name}" for name in ("int8", "original")]
    assert list(stages.read_stages(words, "--stages", TASK, ("int8", "original"))) == ["int8", "original"]
    with pytest.raises(UserError, match="`int8` is no stage; there are original, width"):
        stages.read_stages(words, "--stages", TASK, ("original", "width"))


def test_widths_have_the_place_of_width_and_the_widest_comes_first(tmp_path):
    names = ["original", "width_0.8333", "width_0.5", "width_0.8333_int8", "width_0.5_int8"]
    words = []
    for name in names:
        changes = {"precision": "int8"} if name.endswith("int8") else {}
        bundle(tmp_path / name, stage=name, **changes)
        words.append(f"{name}={tmp_path / name}")
    assert list(stages.read_stages(words, "--stages", TASK)) == names
    with pytest.raises(UserError, match=r"width_0\.8333 after width_0\.5"):
        stages.read_stages([words[2], words[1]], "--stages", TASK)
    with pytest.raises(UserError, match=r"`width_0\.5` is no stage"):
        stages.read_stages([words[2]], "--stages", TASK, ("original", "int8"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["originals=x"], "did you mean `original`"),
        (["original"], "`original` is not STAGE=FOLDER"),
        (["original="], "`original=` is not STAGE=FOLDER"),
        (["int8={0}/int8", "original={0}/original"], "original after int8"),
        (["original={0}/int8"], "exported as the stage `int8`, not as `original`"),
    ],
)
def test_wrong_words(place, words, message):
    with pytest.raises(UserError) as caught:
        stages.read_stages([word.format(place) for word in words], "--stages", TASK)
    assert message in str(caught.value) and str(caught.value).startswith("--stages: ")


def test_a_bundle_of_another_task_and_a_chain_without_its_original(place):
    with pytest.raises(UserError, match="aspect_sentiment"):
        stages.read_stages([f"original={place / 'original'}"], "--stages", "aspect_sentiment")
    for chain in ({}, {"int8": read_bundle(place / "int8")}):
        with pytest.raises(UserError, match="--stages: the original comes first"):
            stages.require_original(chain, "--stages")


def test_refused_are_forbidden_cells_and_engines_without_a_gate(place):
    int8, original = read_bundle(place / "int8"), read_bundle(place / "original")
    assert "take onnxruntime here" in stages.refused(int8, "paddlelite")
    assert "did not run" in stages.refused(original, "paddle")
    assert stages.refused(int8, "onnxruntime") is None
    assert stages.timed_engines(original, ("paddle", "openvino", "onnxruntime")) == ["onnxruntime"]


def test_an_entry_is_the_gates_verdict_and_what_was_measured(place):
    original = read_bundle(place / "original")
    found = {"end_to_end_ms": {"p50": 1.0, "p95": 2.0}, "peak_rss_mb": 60}
    passed = {"passed": True, "max_abs_diff": 2.5e-6, "agreement": 1.0}
    head = {"engine": "onnxruntime", "precision": "fp32"}
    assert stages.engine_entry(original, "onnxruntime", found) == {**head, "parity": passed, **found}
    assert stages.engine_entry(original, "onnxruntime", {"failed": "why"}) == {**head, "parity": {"refused": "why"}}
    not_taken = stages.engine_entry(original, "openvino", None)
    assert not_taken["parity"] == {**passed, "passed": False, "agreement": 0.25} and len(not_taken) == 3
    assert "did not run" in stages.engine_entry(original, "paddle", None)["parity"]["refused"]


def test_an_alternative_has_its_costs_and_the_metrics_asked_for():
    made = {"kind": "onnxruntime", "model": "m.onnx", "size_bytes": 5, "int8_nodes": {"products": 2}}
    found = {"end_to_end_ms": {"p50": 1.0}, "scores": {"all": {"f1": 0.5, "accuracy": 0.75}}}
    entry = stages.alternative_entry("other", made, found, ("accuracy",))
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
    options = stages.MeasureOptions((f"original={place / 'original'}",), command="sh x", seeds=(1, 2))
    entry = {"stage": "original", **stages.sizes(original), "metrics": {"accuracy": 0.75}, "engines": []}
    summary = {**stages.record("tiny", options), "stages": [entry]}
    stages.publish(summary, tmp_path / "summary.json")
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
        stages.publish({**summary, "stages": []}, tmp_path / "other.json")
    assert not (tmp_path / "other.json").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rounds": 0}, "--rounds must be at least 1, got 0"),
        ({"threads": -1}, "--threads must be at least 1, got -1"),
        ({"engines": ("onnxrunt",)}, "did you mean `onnxruntime`"),
    ],
)
def test_wrong_options(changes, message):
    with pytest.raises(UserError, match=message):
        stages.MeasureOptions(("original=x",), **changes)
