# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables of runs."""

import common  # noqa: F401  before paddle
from common import files
from common.report.tables import of_app
from common.report.words import words_for

import pytest
from bench import collect, measure
from calls import call


def stage(name):
    return {"stage": name, "size_bytes": 1000, "metrics": {"accuracy": 0.5}, "engines": []}


@pytest.fixture
def runs(tmp_path):
    """A summary and three runs, the criteria with two seeds."""
    names = ("original", "int8")
    summary = {"app": "fleetx_gpt", "machine": "m", "commit": "c", "command": "x", "split": "test", "seeds": [1, 2]}
    files.write_json(tmp_path / "summary.json", {**summary, "stages": [stage(name) for name in names]})
    scores = {"dense": 0.4, "qat": 0.395, "joint": 0.38}
    scores |= {f"criteria/taylor/{kind}/{seed}": value for kind, seed, value in
               (("plain", 1, 0.3), ("plain", 2, 0.32), ("distilled", 1, 0.35))}  # fmt: skip
    for run, accuracy in scores.items():
        files.write_json(tmp_path / run / "scores.json", {"accuracy": accuracy, "perplexity": 20.0, "loss": 3.0})
    for run in ("dense", "qat"):
        files.write_json(tmp_path / run / "cloze.json", {"accuracy": 0.02, "right": 103, "passages": 5153})
    return tmp_path


def test_tables_of_runs(runs):
    ended = call("bench.collect", "--summary", runs / "summary.json", "--runs", runs)
    assert ended.code == 0, ended.err
    summary = files.read_json(runs / "summary.json")
    assert [row["metrics"].get("cloze") for row in summary["stages"]] == [0.02, 0.02]
    rows = summary["tables"]["compression"]["rows"]
    assert rows[0] == ["dense", "40.00", "40.00", "+0.00", "20.00", "2.00", "`gpt.yaml`"]
    assert rows[1] == ["qat", "40.00", "39.50", "-0.50", "20.00", "2.00", "`gpt_qat.yaml`"]
    assert rows[2][:6] == ["joint", "40.00", "38.00", "-2.00", "20.00", "–"]
    assert summary["tables"]["criteria"]["rows"] == [
        ["taylor", "off", "2", "31.00 ± 1.41", "20.00 ± 0.00"],
        ["taylor", "on", "1", "35.00", "20.00"],
    ]
    assert of_app(summary, "compression", words_for("fleetx_gpt", "zh")).rows[1][0] == "量化训练"
    assert of_app(summary, "criteria", words_for("fleetx_gpt", "zh")).head[0] == "重要性指标"


def test_without_the_dense_model_there_is_nothing_to_compare_with(runs):
    (runs / "dense" / "scores.json").unlink()
    ended = call("bench.collect", "--summary", runs / "summary.json", "--runs", runs)
    assert ended.code == 2 and "no dense/scores.json in it; run benchmark.sh" in ended.err


def test_every_run_has_a_configuration():
    configs = {path.name for path in (measure.APP / "configs" / "benchmark").glob("gpt*.yaml")}
    assert set(collect.METHODS.values()) | {"gpt_criteria.yaml"} == configs
