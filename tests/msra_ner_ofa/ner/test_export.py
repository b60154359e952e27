# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The sub-model and its FP32 bundle, each compared with the one before."""

import common  # noqa: F401  before paddle
from common import files
from common.bundle import read_bundle

import numpy as np
from calls import call
from ner import export, model
from tiny_ner import LENGTH, export_words


def test_the_sub_model_and_its_bundle_say_what_they_are(exported):
    small = model.load(exported / "dynamic_model")
    assert small.config.layer_heads == [2, 2]
    bundle = read_bundle(exported / "static_model" / "bundle", task="named_entities", app="msra_ner_ofa")
    assert (bundle.stage, bundle.precision, bundle.max_length) == ("width_0.5", "fp32", LENGTH)
    assert [each["name"] for each in bundle.inputs] == ["input_ids"] and bundle.labels["tag"][0] == "O"
    assert bundle.manifest["metrics"]["split"] == "dev" and bundle.architecture["heads"] == [2, 2]


def test_every_engine_that_ran_passed_within_the_tolerance(exported):
    assert "largest difference" in (exported / "stdout.txt").read_text()
    engines = files.read_json(exported / "static_model" / "bundle" / "manifest.json")["engines"]
    assert {"paddle", "onnxruntime", "openvino"} <= set(engines)
    for name, verdict in engines.items():
        assert verdict["passed"] and verdict["max_abs_diff"] <= 1e-4 and verdict["agreement"] == 1.0, name


def test_the_documents_names_are_links_into_the_bundle(exported):
    for suffix in ("pdmodel", "pdiparams"):
        link = exported / "static_model" / f"infer.{suffix}"
        assert link.resolve() == (exported / "static_model" / "bundle" / f"model.{suffix}").resolve()


def test_a_width_is_cut_out_of_the_full_one(tiny, compressed, tmp_path):
    """As the document's export does it; compared with the super-network at this width."""
    words = export_words(tiny, compressed / "model_1.0", tmp_path, static_sub_model="None", int8=None)
    ended = call("export_model_msra_ner_ofa", *words)
    assert ended.code == 0, ended.err
    assert model.load(tmp_path / "dynamic_model").config.layer_ffn == [32, 32]
    record = files.read_json(tmp_path / "dynamic_model" / "training.json")
    assert record["stage"] == "width_0.5" and record["metrics"] == {}


def test_the_teacher_is_exported_as_the_original(tiny, trained, tmp_path):
    words = export_words(tiny, trained / "model_best", tmp_path, width_mult=1.0, int8=None)
    words += ["--gate_engines", "paddle", "onnxruntime"]
    assert call("export_model_msra_ner_ofa", *words).code == 0
    assert read_bundle(tmp_path / "static_model" / "bundle").stage == "original"


def test_a_static_model_that_differs_leaves_nothing(tiny, compressed, tmp_path, monkeypatch):
    def wrong(made, batches):
        return [{"logits": np.zeros([*batch[0].shape, 7], "float32")} for batch in batches]

    gate_bundle = export.gate_bundle
    monkeypatch.setattr(
        export,
        "gate_bundle",
        lambda folder, manifest, batches, reference, decide, engines: gate_bundle(
            folder, manifest, batches, wrong(None, batches), decide, engines
        ),
    )
    words = export_words(tiny, compressed / "model_0.5", tmp_path, int8=None)
    ended = call("export_model_msra_ner_ofa", *words, "--gate_engines", "paddle", "onnxruntime")
    assert ended.code == 2 and "parity gate: paddle" in ended.err and "FAILED" in ended.err
    assert not (tmp_path / "static_model" / "bundle").exists()


def test_a_longer_window_than_was_trained_is_told(tiny, trained, tmp_path):
    words = export_words(tiny, trained / "model_best", tmp_path, width_mult=1.0, max_seq_length=36, int8=None)
    ended = call("export_model_msra_ner_ofa", *words, "--gate_engines", "paddle", "onnxruntime")
    assert ended.code == 0, ended.err
    assert f"--max_seq_length 36: the model knows {LENGTH} tokens" in ended.out
    assert read_bundle(tmp_path / "static_model" / "bundle").max_length == LENGTH
