# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""bench/measure.py on tiny bundles: the summary's form, agreement, refusals; and what each child process does."""

import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import common  # noqa: F401  before paddle
from common import files
from common.bundle import read_bundle
from common.cli import UserError
from common.report.summary import check_summary

import numpy as np
import pytest
from aspect.predictor import AspectPredictor
from bench import child, jobs, measure
from calls import call
from tiny_aspects import APP

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


def test_inputs_of_the_timing_are_full(tiny, exported):
    predictor = AspectPredictor(exported / "bundle")
    ids, types = child.full_inputs(predictor, [("味道很好", "味道很好！")], 3, 20)
    assert ids.shape == types.shape == (3, 20)
    assert (ids > 0).all() and set(np.unique(types)) == {0, 1}


def test_the_reason_why_an_engine_failed_is_published(exported):
    scores = {("original", "paddle"): {"failed": "it crashed"}}
    entry = measure.entry_of("original", read_bundle(exported / "bundle"), "paddle", scores, {})
    assert entry["parity"] == {"refused": "it crashed"}


def test_an_engine_that_changes_its_answers_is_not_published(tiny, exported, monkeypatch):
    """Its logits differ by a bit from call to call."""
    logits, calls = AspectPredictor.logits, count()
    monkeypatch.setattr(AspectPredictor, "logits", lambda self, *inputs: logits(self, *inputs) + next(calls) * 1e-6)
    with pytest.raises(UserError, match="onnxruntime changes its answers from run to run"):
        child.serve(str(exported / "bundle"), "onnxruntime", str(tiny.dev), 1, 1, 2, 16)


def test_the_reference_has_the_large_shape(tiny, tmp_path, monkeypatch):
    """On a small configuration: a bundle that Paddle Inference opens, timed like the others."""
    import model as models

    large = models.NAMES[1]
    skep = models.FAMILIES["skep"]
    small = skep.registry[large] | {"num_hidden_layers": 1, "hidden_size": 64, "num_attention_heads": 1}
    monkeypatch.setitem(models.FAMILIES, "skep", replace(skep, registry={large: small}))
    assert child.make_reference(str(tmp_path))["made"] == "skep_ernie_1.0_large_ch"
    manifest = files.read_json(tmp_path / "bundle" / "manifest.json")
    assert manifest["architecture"]["hidden"] == 64 and manifest["architecture"]["vocab_size"] == 12800

    timing = {"test_path": str(tiny.dev), "threads": 1, "repeats": 9, "batch_size": 2, "length": 16}
    found = jobs.reference(jobs.runner(1), tmp_path, timing)
    assert found["latency_ms"]["calls"] == 2 and found["same_answers"] is True
    entry = measure.reference_entry(found)
    costs = {"size_bytes", "latency_ms", "batch_1_ms", "peak_rss_mb"}  # its made-up vocabulary understands no text
    assert set(entry) == {"name", "engine"} | costs and entry["size_bytes"] > 12800 * 64 * 4


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


@pytest.mark.parametrize(
    "script",
    ["train", "evaluate", "export_model", "prune_width", "quant_post", "bench.measure", "predict", "performance_test"],
)
def test_help_is_quick_because_it_loads_no_paddle(script):
    code = (
        f"import sys; sys.argv = ['x']; import {script}; print('paddle' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=APP, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
