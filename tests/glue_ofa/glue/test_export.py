# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The sub-model and its FP32 bundle, each compared with the one before; export_model.py through its main."""

import shutil

import common  # noqa: F401  before paddle
from common import files
from common.bundle import read_bundle

import numpy as np
from calls import call
from glue import export, model, quantize, tasks
from tiny_glue import export_words


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


def test_static_files_have_a_name_of_their_own(exported):
    for folder in (exported / "static", exported / "static" / "int8"):
        assert (folder / "infer.pdmodel").resolve() == (folder / "bundle" / "model.pdmodel").resolve()


def test_a_fine_tuned_model_is_exported_as_it_is(tuned, tmp_path):
    ended = call("export_model", *export_words(tuned, tmp_path, gate_engines=("paddle", "onnxruntime")))
    assert ended.code == 0, ended.err
    assert read_bundle(tmp_path / "static" / "bundle").stage == "original"


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
