# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""export_model.py: the document's command, the budget, refusals."""

import json

import common  # noqa: F401  before paddle
from common.bundle import read_bundle

import export_model
import pytest
from calls import call
from glue import model
from tiny_glue import export_words

BUDGET = ("latency_ms<=70",)


def test_no_static_model_where_it_says_none(widths, tmp_path):
    ended = call("export_model", *export_words(widths, tmp_path, 2 / 3, static_sub_model="None"))
    assert ended.code == 0, ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["dynamic"]


def test_the_document_command(widths, tmp_path, monkeypatch):
    """Word for word but for the folders and the number of GPUs; python3.7 is long gone."""
    monkeypatch.chdir(tmp_path)
    document = (
        f"--model_type bert --model_name_or_path {widths} --max_seq_length 24 "
        "--sub_model_output_dir ./tmp/QQP/dynamic_model --static_sub_model ./tmp/QQP/static_model --n_gpu 0 "
        "--width_mult  0.6666666666666666"
    )
    ended = call("export_model", *document.split(), "--gate_engines", "paddle", "onnxruntime")
    assert ended.code == 0, ended.err
    assert read_bundle(tmp_path / "tmp" / "QQP" / "static_model" / "bundle").stage == "width_0.6667"


@pytest.mark.parametrize(
    ("width", "changes", "message"),
    [
        (0.75, {}, "was not trained at this width; there are 1, 0.666667, 0.5"),
        (1.5, {}, "--width_mult: 1.5 is not in (0, 1]"),
        (None, {"max_seq_length": 65}, "--max_seq_length 65: the model's position table has 64 rows"),
        (None, {"gate_engines": ("paddle",)}, "--gate_engines needs onnxruntime"),
        (None, {"gate_engines": ("padle", "onnxruntime")}, "`padle` (did you mean `paddle`?)"),
        (None, {"static_sub_model": "None", "int8": True}, "--int8: INT8 is a static model"),
        (None, {"budget": BUDGET}, "--budget and --summary need each other"),
        (None, {"model_type": "ernie"}, "is a bert; write --model_type bert"),
        (None, {"data_dir": "nowhere"}, "no such file of SST-2 (--data_dir)"),
        (None, {"calibration_batches": 0}, "--calibration_batches must be at least 1"),
        (0.5, {"int8": True, "calibration_batch_size": 100}, "72 training rows are fewer than one calibration batch"),
    ],
)
def test_bad_options(widths, tmp_path, width, changes, message):
    ended = call("export_model", *export_words(widths, tmp_path, width, **changes))
    assert ended.code == 2 and message in ended.err


@pytest.fixture
def summary(tmp_path):
    def stage(name, accuracy, size, latency):
        times = {"p50": latency, "p95": latency}
        engine = {"engine": "onnxruntime", "precision": "fp32", "parity": {"passed": True}, "latency_ms": times}
        return {"stage": name, "size_bytes": size << 20, "metrics": {"accuracy": accuracy}, "engines": [engine]}

    stages = [
        stage("original", 0.9, 400, 100.0),
        stage("width_0.6667", 0.9, 280, 66.0),
        stage("width_0.5", 0.88, 220, 50.0),
    ]
    stages.append(stage("width_0.5_int8", 0.87, 60, 20.0))
    head = {"app": "glue_ofa", "machine": "m", "commit": "c", "command": "x", "split": "dev", "seeds": []}
    (tmp_path / "summary.json").write_text(json.dumps({**head, "stages": stages}))
    return tmp_path / "summary.json"


@pytest.mark.parametrize(
    ("budget", "width", "int8"),
    [
        (("latency_ms<=70",), 0.6667, False),
        (("metric_drop<=2.5",), 0.5, False),
        (("size_mb<=100",), 0.5, True),
        (("metric_drop<=5", "size_mb<=250"), 0.5, True),
    ],
)
def test_a_budget_takes_a_width(summary, tmp_path, capsys, budget, width, int8):
    options = export_model.Options(
        model_name_or_path=tmp_path, sub_model_output_dir=tmp_path, static_sub_model=tmp_path, budget=budget,
        summary=summary,
    )  # fmt: skip
    assert export_model.choose(options) == (width, int8)
    assert (options.width_mult, options.int8) == (1.0, False), "options stay as they were given"
    assert "taken by --budget: width_" in capsys.readouterr().out


def test_a_budget_is_kept_to_from_the_command_line(summary, widths, tmp_path):
    given = export_words(widths, tmp_path, budget=BUDGET, summary=summary, static_sub_model="None")
    ended = call("export_model", *given)
    assert ended.code == 0, ended.err
    assert "taken by --budget: width_0.6667: the best in accuracy of 2 of 2 stages" in ended.out
    assert model.load(tmp_path / "dynamic").config.layer_heads == [4, 4]
