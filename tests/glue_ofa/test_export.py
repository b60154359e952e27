# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""export_model.py through its main: the sub-model, the bundles, the gates, the budget, refusals."""

import json
import shutil

import common  # noqa: F401  before paddle
from common import files
from common.bundle.bundle import read_bundle

import export_model
import numpy as np
import pytest
from calls import call
from glue import export, model, quantize, tasks
from tiny_glue import export_words, ofa_words, words

BUDGET = ("latency_ms<=70",)


def test_the_sub_model_loads_without_flags_and_says_what_it_is(exported, widths):
    small = model.load(exported / "dynamic")
    assert small.config.layer_heads == [3, 3]
    record = files.read_json(exported / "dynamic" / "training.json")
    assert (record["stage"], record["task"]) == ("width_0.5", "SST-2")
    assert record == files.read_json(widths / "width_0.5" / "training.json")


def test_every_step_is_compared_and_told(exported):
    out = (exported / "stdout.txt").read_text()
    for said in (
        "super-network -> sub-model, when it was cut out: largest difference",
        "sub-model -> the same, loaded without flags: largest difference 0.00e+00, same decisions 100.00%",
        "parity on 32 texts, fp32:",
        "sub-model -> INT8 (calibrated on 72 training rows)",
        "parity on 32 texts, int8:",
    ):
        assert said in out


def test_the_bundle_says_what_it_is(exported):
    bundle = read_bundle(exported / "static" / "bundle", task="glue_sst-2", app="glue_ofa")
    assert (bundle.stage, bundle.precision, bundle.max_length) == ("width_0.5", "fp32", 24)
    assert bundle.labels == {"class": ["0", "1"]} and bundle.architecture["heads"] == [3, 3]
    assert [each["name"] for each in bundle.inputs] == ["input_ids", "token_type_ids"]
    assert bundle.manifest["metrics"]["split"] == "dev" and bundle.manifest["metrics"]["accuracy"] > 0.9
    assert 5000 < bundle.manifest["parameters"] < 50000
    for engine in ("paddle", "onnxruntime", "openvino"):
        verdict = bundle.engine(engine)
        assert verdict["passed"] and verdict["max_abs_diff"] <= 1e-4 and verdict["agreement"] == 1.0


def test_int8_stands_on_the_same_width(exported):
    bundle = read_bundle(exported / "static" / "int8" / "bundle", task="glue_sst-2")
    assert (bundle.stage, bundle.precision, bundle.manifest["embedding"]) == ("width_0.5_int8", "int8", "int8")
    assert bundle.manifest["metrics"]["split"] == "dev, first 32 rows"
    full = read_bundle(exported / "static" / "bundle")
    assert bundle.manifest["parameters"] == full.manifest["parameters"]
    assert bundle.manifest["files"]["model.onnx"]["bytes"] < full.manifest["files"]["model.onnx"]["bytes"]
    for engine in ("paddle", "onnxruntime"):
        assert bundle.engine(engine)["passed"] and bundle.engine(engine)["agreement"] >= 0.99


def test_static_files_have_a_name_of_their_own(exported):
    for folder in (exported / "static", exported / "static" / "int8"):
        assert (folder / "infer.pdmodel").resolve() == (folder / "bundle" / "model.pdmodel").resolve()


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


def test_a_fine_tuned_model_is_exported_as_it_is(tuned, tmp_path):
    ended = call("export_model", *export_words(tuned, tmp_path, gate_engines=("paddle", "onnxruntime")))
    assert ended.code == 0, ended.err
    assert read_bundle(tmp_path / "static" / "bundle").stage == "original"


def test_scores_are_exported(tiny, tmp_path):
    assert call("run_glue", *words(tiny, tmp_path / "model", task_name="sts-b", max_steps=4)).code == 0
    ended = call("export_model", *export_words(tmp_path / "model", tmp_path, int8=True, min_agreement=0.5))
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "static" / "int8" / "bundle", task="glue_sts-b")
    assert bundle.labels == {} and bundle.outputs[0]["shape"] == [-1, 1] and bundle.stage == "int8"


def test_decisions_of_scores_are_whole_numbers():
    assert export.decide_score({"logits": np.array([[0.4], [2.6], [5.0]], "float32")}) == [0, 3, 5]
    assert quantize.wanted_agreement(tasks.find("STS-B"), None) == 0.9
    assert quantize.wanted_agreement(tasks.find("RTE"), None) == 0.99
    assert quantize.wanted_agreement(tasks.find("RTE"), 0.5) == 0.5


def test_a_gate_that_fails_leaves_no_bundle(widths, tmp_path, monkeypatch):
    """The reference is another model's: no engine can agree."""
    answers = export.write_bundle.answers

    def wrong(network, batches):
        return [{"logits": 3 - each["logits"]} for each in answers(network, batches)]

    monkeypatch.setattr(export.write_bundle, "answers", wrong)
    ended = call("export_model", *export_words(widths, tmp_path, 0.5, gate_engines=("paddle", "onnxruntime")))
    assert ended.code == 2 and "parity gate: paddle" in ended.err and "FAILED" in ended.err
    assert not (tmp_path / "static" / "bundle").exists() and not (tmp_path / "static" / "infer.pdmodel").exists()


def test_a_missing_weight_is_an_error_and_not_a_warning(widths, tmp_path):
    """`set_state_dict` would fill the gap with random numbers and say so in a warning."""
    import paddle

    broken = tmp_path / "broken"
    shutil.copytree(widths, broken, ignore=shutil.ignore_patterns("super_network"))
    weights = broken / "width_0.5" / "model_state.pdparams"
    state = paddle.load(str(weights))
    del state["classifier.weight"]
    paddle.save(state, str(weights))
    ended = call("export_model", *export_words(broken, tmp_path, 0.5))
    assert ended.code == 2 and "weight classifier.weight is missing" in ended.err


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


def test_one_model_has_one_width(tuned, widths, tmp_path):
    ended = call("export_model", *export_words(tuned, tmp_path, 0.5))
    assert ended.code == 2 and "is one model of the stage `original`" in ended.err
    given = export_words(widths / "width_0.5", tmp_path, 0.5, static_sub_model="None")
    assert call("export_model", *given).code == 0
    ended = call("export_model", *export_words(tmp_path / "nowhere", tmp_path))
    assert ended.code == 2 and "no such model folder" in ended.err


def test_data_that_are_gone_are_said(tiny, tuned, tmp_path):
    moved = tmp_path / "model"
    shutil.copytree(tuned, moved, ignore=shutil.ignore_patterns("checkpoint-*"))
    record = files.read_json(moved / "training.json")
    files.write_json(moved / "training.json", record | {"data_dir": str(tmp_path / "gone")})
    ended = call("export_model", *export_words(moved, tmp_path))
    assert ended.code == 2 and "the data it was trained on is gone; give real text by --data_dir DIR" in ended.err
    assert call("export_model", *export_words(moved, tmp_path, data_dir=tiny.data, static_sub_model="None")).code == 0


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


def test_the_document_training_command(tiny, tuned, tmp_path, monkeypatch):
    """Word for word but for folders, the number of GPUs, and flags that make it short."""
    monkeypatch.chdir(tmp_path)
    document = (
        f"--model_type bert --model_name_or_path {tuned} --task_name SST-2 --max_seq_length 24     --batch_size 32    "
        "--learning_rate 2e-5     --num_train_epochs 6     --logging_steps 10     --save_steps 100     "
        "--output_dir ./tmp/SST-2 --n_gpu 0 --width_mult_list 1.0 0.8333333333333334 0.6666666666666666 0.5"
    )
    short = ["--data_dir", tiny.data, "--selection_fraction", "0.25", "--max_steps", "1", "--disable_tqdm"]
    ended = call("run_glue_ofa", *document.split(), *short)
    assert ended.code == 0, ended.err
    names = ["width_0.5", "width_0.6667", "width_0.8333", "width_1"]
    assert sorted(path.name for path in (tmp_path / "tmp" / "SST-2").glob("width_*")) == names
    assert ofa_words(tiny, tuned, tmp_path)
