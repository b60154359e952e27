# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""bench/measure.py on tiny bundles: the summary's form, agreement, refusals; and what each child process does."""

import shutil
from pathlib import Path

import common  # noqa: F401  before paddle
from common import files
from common.bundle import read_bundle
from common.report.summary import check_summary

import pytest
from bench import measure
from calls import call

SHORT = ["--repeats", "1", "--rounds", "1", "--length", "16", "--batch_size", "4", "--engines", "paddle", "onnxruntime"]


@pytest.fixture(scope="module")
def summary(tiny, exported, tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured")
    width = as_stage("width", exported / "bundle", folder / "width")
    words = ["--stages", f"original={exported / 'bundle'}", f"width={width}", "--output", folder / "summary.json"]
    ended = call("bench.measure", *words, "--test_path", tiny.dev, *SHORT, "--seeds", "7")
    assert ended.code == 0, ended.err
    assert "paddle fp32" in ended.out
    return check_summary(files.read_json(folder / "summary.json"), "summary.json")


def as_stage(stage: str, bundle: Path, folder: Path) -> Path:
    """A copy of a bundle, as if it had been exported as another stage."""
    shutil.copytree(bundle, folder)
    files.write_json(folder / "manifest.json", files.read_json(folder / "manifest.json") | {"stage": stage})
    return folder


def test_the_summary_holds_what_was_measured(summary):
    assert (summary["app"], summary["seeds"]) == ("sentiment_ppminilm", [7])
    original = summary["stages"][0]
    assert original["metrics"]["f1"] == original["metrics"]["f1_dev"] == 1.0
    assert original["metrics"]["f1_0"] == 1.0
    for engine in original["engines"]:
        assert engine["parity"]["passed"] and engine["parity"]["agreement"] == 1.0
        assert engine["same_answers"] is True
        assert engine["parity"]["gate_agreement"] == engine["f1"] == 1.0 and engine["file_bytes"] > 1000
        for key in ("latency_ms", "batch_1_ms", "end_to_end_ms"):
            assert 0 < engine[key]["p50"] <= engine[key]["p95"]


def test_the_reason_why_an_engine_failed_is_published(exported):
    scores = {("original", "paddle"): {"failed": "it crashed"}}
    entry = measure.entry_of("original", read_bundle(exported / "bundle"), "paddle", scores, {})
    assert entry["parity"] == {"refused": "it crashed"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stages", "original"], "--stages: `original` is not STAGE=FOLDER"),
        (["--stages", "originals=x"], "`originals` (did you mean `original`?)"),
        (["--stages", "original=nowhere"], "no such bundle folder"),
        (["--engines", "padle"], "--engines: `padle` (did you mean `paddle`?)"),
        (["--rounds", "0"], "--rounds must be at least 1, got 0"),
        (["--length", "0"], "--length must be at least 1, got 0"),
    ],
)
def test_bad_options(tmp_path, words, message):
    more = [] if "--stages" in words else ["--stages", "original=x"]
    ended = call("bench.measure", *words, *more, "--output", tmp_path / "summary.json")
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1


def test_the_first_stage_is_the_original(exported, tmp_path):
    ended = call("bench.measure", "--stages", f"width={as_stage('width', exported / 'bundle', tmp_path / 'width')}")
    assert ended.code == 2 and "the original comes first" in ended.err
