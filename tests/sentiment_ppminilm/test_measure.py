# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""measure.py on tiny bundles: the summary's form, agreement, refusals; and what each child process does."""

import subprocess
import sys

import common  # noqa: F401  before paddle
from common import files
from common.cli import UserError
from common.summary import check_summary

import measure_child
import measure_jobs
import numpy as np
import pytest
from aspect import AspectPredictor
from tiny_aspects import APP, call

SHORT = ["--repeats", "1", "--rounds", "1", "--length", "16", "--batch_size", "4", "--engines", "paddle", "onnxruntime"]


@pytest.fixture(scope="module")
def summary(tiny, exported, tmp_path_factory):
    file = tmp_path_factory.mktemp("measured") / "summary.json"
    stages = [f"original={exported / 'bundle'}", f"width={exported / 'bundle'}"]
    ended = call("measure", "--stages", *stages, "--test_path", tiny.dev, *SHORT, "--output", file, "--seeds", "7")
    assert ended.code == 0, ended.err
    assert "paddle fp32" in ended.out
    return check_summary(files.read_json(file), str(file))


def test_the_summary_holds_what_was_measured(summary):
    assert (summary["app"], summary["seeds"]) == ("sentiment_ppminilm", [7])
    original = summary["stages"][0]
    assert original["metrics"]["f1"] == original["metrics"]["f1_dev"] == 1.0
    assert original["metrics"]["f1_0"] == 1.0
    for engine in original["engines"]:
        assert engine["parity"]["passed"] and engine["parity"]["agreement"] == 1.0
        assert engine["same_answers"] is True
        for key in ("latency_ms", "batch_1_ms", "end_to_end_ms"):
            assert 0 < engine[key]["p50"] <= engine[key]["p95"]


def test_inputs_of_the_timing_are_full(tiny, exported):
    predictor = AspectPredictor(exported / "bundle")
    ids, types = measure_child.full_inputs(predictor, [("味道很好", "味道很好！")], 3, 20)
    assert ids.shape == types.shape == (3, 20)
    assert (ids > 0).all() and set(np.unique(types)) == {0, 1}


def test_int8_is_compared_with_its_own_width():
    stages = dict.fromkeys(["original", "int8", "width", "width_int8"])
    assert [measure_jobs.fp32_of(stage, stages) for stage in stages] == ["original", "original", "original", "width"]


def test_an_engine_that_changes_its_answers_is_not_published():
    run = {key: {"p50": 1.0, "p95": 1.0} for key in ("latency_ms", "batch_1_ms", "end_to_end_ms")}
    run |= {"peak_rss_mb": 1.0, "same_answers": True}
    with pytest.raises(UserError, match="changed its answers"):
        measure_jobs.quietest([run, run | {"same_answers": False}])
    faster = run | {"latency_ms": {"p50": 0.5, "p95": 9.0}, "peak_rss_mb": 2.0}
    best = measure_jobs.quietest([run, faster])
    assert best["latency_ms"]["p50"] == 0.5 and best["peak_rss_mb"] == 2.0


def test_the_reference_has_the_large_shape(tmp_path, monkeypatch):
    """On a small configuration: a bundle that Paddle Inference opens, timed like the others."""
    import model as models

    large = models.NAMES[1]
    config_class, registry = models.FAMILIES["skep"][1:]
    small = registry[large] | {"num_hidden_layers": 1, "hidden_size": 64, "num_attention_heads": 1}
    monkeypatch.setitem(models.FAMILIES, "skep", (models.SkepForAspect, config_class, {large: small}))
    assert measure_child.make_reference(str(tmp_path))["made"] == "skep_ernie_1.0_large_ch"
    manifest = files.read_json(tmp_path / "bundle" / "manifest.json")
    assert manifest["architecture"]["hidden"] == 64 and manifest["architecture"]["vocab_size"] == 12800


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stages", "original"], "--stages: `original` is not STAGE=FOLDER"),
        (["--stages", "orignal=x"], "`orignal` (did you mean `original`?)"),
        (["--stages", "original=nowhere"], "no such bundle folder"),
        (["--engines", "padle"], "--engines: `padle` (did you mean `paddle`?)"),
        (["--rounds", "0"], "--rounds must be at least 1, got 0"),
    ],
)
def test_bad_options(tmp_path, words, message):
    more = [] if "--stages" in words else ["--stages", "original=x"]
    ended = call("measure", *words, *more, "--output", tmp_path / "summary.json")
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1


def test_the_first_stage_is_the_original(exported):
    ended = call("measure", "--stages", f"width={exported / 'bundle'}")
    assert ended.code == 2 and "the original comes first" in ended.err


@pytest.mark.parametrize(
    "script",
    ["train", "evaluate", "export_model", "prune_width", "quant_post", "measure", "predict", "performance_test"],
)
def test_help_is_quick_because_it_loads_no_paddle(script):
    code = (
        f"import sys; sys.argv = ['x']; import {script}; print('paddle' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=APP, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
