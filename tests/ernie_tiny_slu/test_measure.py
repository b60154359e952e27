# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""bench/measure.py as a user runs it, on the fixture bundle, whose answers are known by hand."""

import json
import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

from common.bundle.bundle import read_bundle
from common.cli import UserError
from common.export import onnx_baselines
from common.measure.runner import Job
from common.report.summary import check_summary

import bundle_fixture
import pytest
from bench import alternatives, jobs, measure

APP = REPO / "ernie_tiny_slu"
# How often, query, intent, marked query. The fixture model answers the first four kinds rightly; `德放` only with the
# bio decoder (德 is an I- that no B- precedes); then comes a wrong intent, and a singer that the labels do not have.
LINES = [
    (6, "放一首刘德华的音乐", "music.play", "放一首<singer>刘德华</singer>的音乐"),
    (4, "导航", "navigation.open", "导航"),
    (3, "放花心", "music.play", "放<song>花心</song>"),
    (2, "德放", "music.play", "德放"),
    (3, "导航去", "OTHERS", "导航去"),
    (2, "放刘德华", "music.play", "放刘德华"),
]
PASSED = {"precision": "fp32", "passed": True, "max_abs_diff": 2.5e-6, "agreement": 1.0}
FAILED = {"precision": "fp32", "passed": False, "max_abs_diff": 9.5, "agreement": 0.25}
GATES = {
    "onnxruntime": {"file": "model.onnx", **PASSED},
    "openvino": {"file": "model.onnx", **PASSED, "max_abs_diff": 5e-6},
    "paddle": {"file": "model.pdmodel", **PASSED},
}
# song after O costs more than it gains: with these transitions the three `放花心` come out wrong
AGAINST_SONGS = {"start": [0] * 5, "end": [0] * 5, "pairs": [[0, 0, 0, -100, 0]] + [[0] * 5] * 4}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("measure")
    lines = [f"{i}\t{text}\t{intent}\t{marked}" for n, text, intent, marked in LINES for i in range(n)]
    (folder / "test.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "train.txt").write_text(lines[0] + "\n1\t打开\tOTHERS\t打开\n", encoding="utf-8")
    bundle_fixture.copy(folder / "original", engines=GATES)
    failed = {**GATES, "openvino": {"file": "model.onnx", **FAILED}}
    bundle_fixture.copy(folder / "width", stage="width", engines=failed)
    bundle_fixture.copy(folder / "crf", decoder={"default": "crf", "transitions": AGAINST_SONGS})
    return folder


def run(place: Path, *words, **environment) -> subprocess.CompletedProcess:
    command = [sys.executable, APP / "bench/measure.py", *words, "--latency_sentences", "5", "--repeats", "1"]
    command += ["--test_path", "test.txt", "--train_path", "train.txt", "--output", "summary.json"]
    environment = {**os.environ, **environment}
    return subprocess.run(list(map(str, command)), cwd=place, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def measured(place) -> tuple[dict, str]:
    """The summary, and what was printed; paths relative to another folder than the app's."""
    words = ["--stages", "original=original", "width=width", "--crf_stages", "original=crf", "--rounds", "1"]
    words += ["--engines", "onnxruntime", "openvino", "paddle", "paddlelite", "--seeds", "1", "2", "--command", "sh x"]
    result = run(place, *words, MKL_DEBUG_CPU_TYPE="5")
    assert result.returncode == 0, result.stderr
    return check_summary(json.loads((place / "summary.json").read_text(encoding="utf-8"))), result.stdout


def test_scores_are_those_of_a_hand_count(measured):
    original, width = measured[0]["stages"]
    expected = {
        "accuracy": 15 / 20,
        "accuracy_unseen": 9 / 14,
        "accuracy_argmax": 13 / 20,
        "accuracy_crf": 12 / 20,
        "accuracy_crf_unseen": 6 / 14,
        "intent_accuracy": 17 / 20,
        "slot_f1": 2 * 9 / (9 + 11),  # 9 in the labels, 11 found, 9 of them right
    }
    assert original["metrics"] == pytest.approx(expected, abs=1e-9)
    assert list(original["metrics"]) == list(expected)
    without = {name: value for name, value in expected.items() if "crf" not in name}
    assert width["metrics"] == pytest.approx(without, abs=1e-9) and list(width["metrics"]) == list(without)


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


def test_the_baseline_is_the_documents_condition(measured):
    original, width = ({engine["engine"]: engine for engine in stage["engines"]} for stage in measured[0]["stages"])
    base = original["paddle"]
    assert "ErnieTokenizer" in base["note"] and "padded" in base["note"]
    assert base["peak_rss_paddlenlp_mb"] > base["peak_rss_mb"] > original["onnxruntime"]["peak_rss_mb"]
    assert "note" not in width["paddle"] and "peak_rss_paddlenlp_mb" not in width["paddle"]


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


def test_only_engines_that_may_run_get_a_job(tmp_path):
    bundle = read_bundle(bundle_fixture.copy(tmp_path / "b", stage="int8", precision="int8", engines=GATES))
    timing = {"texts": [], "repeats": 1, "threads": 1}
    keys = [job.key for job in jobs.engine_jobs("int8", bundle, ("paddlelite", "onnxruntime"), timing)]
    assert keys == [("int8", "onnxruntime")]


def test_an_engine_that_fails_is_told_and_the_default_engine_must_not(place, monkeypatch, capsys):
    runner = jobs.runner(threads=1, workers=1)
    arguments = {"action": "serve", "bundle": str(place / "nowhere"), "engine": "openvino"}
    arguments |= {"texts": ["导航"], "repeats": 1, "threads": 1}
    job = Job(("width", "openvino"), "bench.child", arguments, may_fail=True)
    found = runner.rounds([job], 1)
    assert "no such" in found["width", "openvino"]["failed"] and "failed" in capsys.readouterr().err
    bundle = read_bundle(place / "original")
    assert "no such" in measure.entry_of("width", bundle, "openvino", found)["parity"]["refused"]
    with pytest.raises(UserError, match="no such"):
        runner.once([Job(("width", "onnxruntime"), "bench.child", arguments)])


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
