# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""bench/measure.py on tiny bundles, what is compared with what, and the tables of several trainings."""

import common  # noqa: F401  before paddle
from common import files
from common.bundle.bundle import read_bundle
from common.report.summary import check_summary

import numpy as np
import pytest
from bench import child, collect, measure
from calls import call
from glue import tasks
from glue.predictor import GluePredictor
from tiny_glue import export_words

SHORT = ["--repeats", "1", "--rounds", "1", "--length", "16", "--batch_size", "4", "--engines", "paddle", "onnxruntime"]


@pytest.fixture(scope="module")
def stages(tuned, exported, tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("original")
    ended = call("export_model", *export_words(tuned, folder, gate_engines=("paddle", "onnxruntime")))
    assert ended.code == 0, ended.err
    static = exported / "static"
    return [
        f"original={folder / 'static' / 'bundle'}",
        f"width_0.5={static / 'bundle'}",
        f"width_0.5_int8={static / 'int8' / 'bundle'}",
    ]


@pytest.fixture(scope="module")
def summary(tiny, stages, tmp_path_factory):
    path = tmp_path_factory.mktemp("measured") / "summary.json"
    ended = call(
        "bench.measure", "--stages", *stages, "--data_dir", tiny.data, "--output", path, *SHORT, "--seeds", "7"
    )
    assert ended.code == 0, ended.err
    assert "width 0.5 + INT8" in ended.out
    return check_summary(files.read_json(path), "summary.json")


def test_the_summary_holds_what_was_measured(summary):
    assert (summary["app"], summary["seeds"]) == ("glue_ofa", [7])
    assert [stage["stage"] for stage in summary["stages"]] == ["original", "width_0.5", "width_0.5_int8"]
    for stage in summary["stages"]:
        assert list(stage["metrics"]) == ["accuracy"] and stage["metrics"]["accuracy"] > 0.9
        for engine in stage["engines"]:
            assert engine["parity"]["passed"] and engine["same_answers"] is True
            assert 0.9 < engine["parity"]["agreement"] <= 1.0 and engine["file_bytes"] > 1000
            for key in ("latency_ms", "end_to_end_ms"):
                assert 0 < engine[key]["p50"] <= engine[key]["p95"]


def test_speed_is_compared_on_the_same_engine(summary):
    table = summary["tables"]["speed"]
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
    assert measure.speed(stages, ("paddle", "openvino"))["rows"] == [
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


def test_inputs_of_the_timing_are_full(exported):
    predictor = GluePredictor(exported / "static" / "bundle")
    ids, types = child.full_inputs(predictor, [("the plot", None)], 3, 20)
    assert ids.shape == types.shape == (3, 20) and (ids > 0).all() and set(np.unique(types)) == {0}


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


def test_shapes_of_an_architecture_can_be_timed(tmp_path):
    """Random weights of BERT's kind, at the whole width and at half, FP32 and INT8; nothing is made twice."""
    small = ["--num_hidden_layers", 1, "--hidden_size", 128, "--vocab_size", 300, "--width_mult_list", 0.5]
    given = ["--output_dir", tmp_path, "--max_seq_length", 16, "--gate_engines", "paddle", "onnxruntime", *small]
    ended = call("bench.random_model", *given)
    assert ended.code == 0, ended.err
    stages = []
    for stage, heads in (("original", [2]), ("width_0.5", [1])):
        full, int8 = (read_bundle(tmp_path / stage / part) for part in ("bundle", "int8/bundle"))
        assert full.architecture["heads"] == int8.architecture["heads"] == heads
        assert (int8.precision, int8.stage) == ("int8", {"original": "int8"}.get(stage, f"{stage}_int8"))
        stages.append(f"{stage}={full.path}")
    assert GluePredictor(full).answer(child.MADE_UP[0])["label"] in ("0", "1"), "its words must be known"
    again = call("bench.random_model", *given)
    assert again.code == 0 and "parity" not in again.out


# --- tables of several trainings
def run(folder, tuned: float | None = None, **widths: float) -> None:
    metric = {"f1": 0.5} if folder.parts[-3] == "MRPC" else {}
    if tuned is not None:
        files.write_json(folder / "training.json", {"dev": metric | {"accuracy": tuned, "score": tuned}})
    else:
        found = {name: {"dev": metric | {"accuracy": value, "score": value}} for name, value in widths.items()}
        files.write_json(folder / "training.json", {"widths": found})


def test_tables_of_tasks_and_of_the_ablation(summary, tmp_path):
    for seed, more in (("42", 0.0), ("43", 0.02)):
        run(tmp_path / "MRPC" / seed / "fine_tuned", tuned=0.70 + more)
        run(tmp_path / "MRPC" / seed / "ofa", width_1=0.71, width_half=0.69 + more)
    run(tmp_path / "SST-2" / "42" / "fine_tuned", tuned=0.9)
    run(tmp_path / "SST-2" / "42" / "ofa", width_1=0.91, width_half=0.9)
    for seed, variant, value in (("42", "distill", 0.91), ("43", "distill", 0.93), ("42", "neither", 0.88)):
        run(tmp_path / "ablation" / variant / seed, width_1=value, width_half=value - 0.01)
    files.write_json(tmp_path / "summary.json", summary)
    ended = call("bench.collect", "--summary", tmp_path / "summary.json", "--runs", tmp_path)
    assert ended.code == 0, ended.err
    tables = files.read_json(tmp_path / "summary.json")["tables"]
    assert tables["tasks"]["head"] == ["task", "metric", "seeds", "original", "width_1", "width_half"]
    assert tables["tasks"]["rows"] == [
        ["SST-2", "accuracy", "1", "90.00", "91.00", "90.00"],
        ["MRPC", "f1", "2", "50.00 ± 0.00", "50.00 ± 0.00", "50.00 ± 0.00"],
        ["MRPC", "accuracy", "2", "71.00 ± 1.41", "71.00 ± 0.00", "70.00 ± 1.41"],
        ["∅", "", "", "70.33", "70.67", "70.00"],
    ]
    assert tables["ablation"] == {
        "head": ["distillation", "reordering", "seeds", "width_1", "width_half"],
        "rows": [["on", "off", "2", "92.00 ± 1.41", "91.00 ± 1.41"], ["off", "off", "1", "88.00", "87.00"]],
    }
    assert "speed" in tables


def test_no_training_at_all_is_said(summary, tmp_path):
    files.write_json(tmp_path / "summary.json", summary)
    ended = call("bench.collect", "--summary", tmp_path / "summary.json", "--runs", tmp_path)
    assert ended.code == 2 and "no <task>/<seed>/ofa/training.json in it; run benchmark.sh" in ended.err
    assert collect.spread([]) == "–" and next(iter(collect.ABLATION)) == "distill_reorder"
