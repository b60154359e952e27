# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The benchmark programs on tiny bundles: the summary's form, agreement, refusals, what each child does."""

import subprocess
import sys
from itertools import count

import common  # noqa: F401  before paddle
from common import files
from common.bundle.bundle import read_bundle
from common.cli import UserError
from common.report.summary import check_summary

import pytest
from bench import child, measure
from calls import call
from ner.predictor import NerPredictor
from tiny_ner import APP, export_words

SHORT = ["--repeats", "1", "--rounds", "1", "--length", "16", "--batch_size", "4", "--characters", "300"]
ENGINES = ["--engines", "paddle", "onnxruntime"]


@pytest.fixture(scope="module")
def summary(tiny, trained, exported, tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured")
    words = export_words(tiny, trained / "model_best", folder, width_mult=1.0, int8=None)
    assert call("export_model_msra_ner_ofa", *words, "--gate_engines", "paddle", "onnxruntime").code == 0
    stages = [
        f"original={folder / 'static_model' / 'bundle'}",
        f"width_0.5={exported / 'static_model' / 'bundle'}",
        f"width_0.5_int8={exported / 'static_model_int8' / 'bundle'}",
    ]
    words = ["--stages", *stages, "--output", folder / "summary.json", "--test_path", tiny.data / "test.txt"]
    ended = call("bench.measure", *words, *SHORT, *ENGINES, "--seeds", "7")
    assert ended.code == 0, ended.err
    assert "paddle fp32" in ended.out
    return check_summary(files.read_json(folder / "summary.json"), "summary.json")


def test_the_summary_holds_what_was_measured(summary):
    assert (summary["app"], summary["seeds"]) == ("msra_ner_ofa", [7])
    assert [stage["stage"] for stage in summary["stages"]] == ["original", "width_0.5", "width_0.5_int8"]
    for stage in summary["stages"]:
        assert {"f1", "f1_strict", "f1_bio", "f1_PER", "precision_score", "recall"} <= set(stage["metrics"])
        # INT8 is scored on a part of the development set only, which would read as a loss or gain beside the whole
        assert ("f1_dev" in stage["metrics"]) is (stage["stage"] != "width_0.5_int8")
        for engine in stage["engines"]:
            assert engine["parity"]["passed"] and engine["same_answers"] is True and engine["file_bytes"] > 1000
            assert engine["parity"]["agreement"] > 0.9 and 0 <= engine["sentence_agreement"] <= 1
            for key in ("latency_ms", "end_to_end_ms"):
                assert 0 < engine[key]["p50"] <= engine[key]["p95"]
    assert summary["stages"][0]["engines"][1]["parity"]["agreement"] == 1.0


def test_the_served_scores_are_those_of_the_checkpoint(tiny, trained, summary):
    """The bundle on ONNX Runtime and evaluate.py's dynamic graph: the same entities in the same windows."""
    output = trained.parent / "scores.json"
    words = ["--model_name_or_path", trained / "model_best", "--data_dir", tiny.data, "--output", output]
    assert call("evaluate", *words, "--device", "cpu").code == 0
    scores, served = files.read_json(output), summary["stages"][0]["metrics"]
    for name in ("f1", "f1_strict", "f1_bio", "f1_PER"):
        assert served[name] == scores[name]


def test_exactly_so_many_characters_are_read():
    """The document's run is of 10,451 characters: not of whole sentences, and from the beginning again if need be."""
    texts = child.texts_of(["一二三", "四五"], 12)
    assert texts == ["一二三", "四五", "一二三", "四五", "一二"]
    assert sum(map(len, child.texts_of(["字" * 1000], 10451))) == 10451


def test_agreement_is_the_share_of_equal_tags():
    assert measure.agreement(["AAB", "C"], ["AAA", "C"]) == {"agreement": 0.75, "sentence_agreement": 0.5}


def test_the_reason_why_an_engine_failed_is_published(exported):
    bundle = read_bundle(exported / "static_model" / "bundle")
    scores = {("original", "paddle"): {"failed": "it crashed"}}
    assert measure.entry_of("original", bundle, "paddle", scores, {})["parity"] == {"refused": "it crashed"}


def test_an_engine_that_changes_its_answers_is_not_published(tiny, exported, monkeypatch):
    run, calls = NerPredictor.run, count()
    monkeypatch.setattr(NerPredictor, "run", lambda self, ids: run(self, ids) + next(calls) * 1e-6)
    bundle = str(exported / "static_model" / "bundle")
    with pytest.raises(UserError, match="onnxruntime changes its answers from run to run"):
        child.serve(bundle, "onnxruntime", str(tiny.data / "test.txt"), 1, 1, 2, 16, 50)


def test_the_documents_shape_is_timed_without_scores(tiny, tmp_path):
    """A small one of its kind: bundles of every width and of INT8, and a summary that claims no score."""
    words = ["--data_dir", tiny.data, "--output_dir", tmp_path, "--num_hidden_layers", 1, "--hidden_size", 128]
    ended = call(
        "bench.random_model", *words, "--width_mult_list", "0.5", "--max_seq_length", 32, "--gate_engines", *ENGINES[1:]
    )
    assert ended.code == 0, ended.err
    stages = [f"{name}={tmp_path / name / 'bundle'}" for name in ("original", "width_0.5", "width_0.5_int8")]
    words = ["--stages", *stages, "--scores", "False", "--app", "bert_base", "--output", tmp_path / "summary.json"]
    ended = call("bench.measure", *words, "--test_path", tiny.data / "test.txt", *SHORT, *ENGINES)
    assert ended.code == 0, ended.err
    summary = files.read_json(tmp_path / "summary.json")
    assert summary["app"] == "bert_base" and all(stage["metrics"] == {} for stage in summary["stages"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stages", "original"], "--stages: `original` is not STAGE=FOLDER"),
        (["--stages", "originals=x"], "`originals` (did you mean `original`?)"),
        (["--stages", "original=nowhere"], "no such bundle folder"),
        (["--engines", "padle"], "--engines: `padle` (did you mean `paddle`?)"),
        (["--rounds", "0"], "--rounds must be at least 1, got 0"),
        (["--characters", "0"], "--characters must be at least 1, got 0"),
    ],
)
def test_bad_options(tmp_path, words, message):
    more = [] if "--stages" in words else ["--stages", "original=x"]
    ended = call("bench.measure", *words, *more, "--output", tmp_path / "summary.json")
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1


def test_the_first_stage_is_the_original(exported):
    ended = call("bench.measure", "--stages", f"width_0.5={exported / 'static_model' / 'bundle'}")
    assert ended.code == 2 and "the original comes first" in ended.err


@pytest.mark.parametrize(
    "script",
    [
        "run_msra_ner",
        "run_msra_ner_ofa",
        "export_model_msra_ner_ofa",
        "evaluate",
        "bench.measure",
        "predict",
        "bench.random_model",
    ],
)
def test_help_is_quick_because_it_loads_no_paddle(script):
    code = (
        f"import sys; sys.argv = ['x']; import {script}; print('paddle' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=APP, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
