# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_msra_ner_ofa.py and export_model_msra_ner_ofa.py through their mains: widths, gates, bundles, refusals."""

import shutil
import signal
import subprocess
import sys
import time

import common  # noqa: F401  before paddle
from common import files, parity
from common.bundle.bundle import read_bundle
from common.export.onnx_file import count_nodes

import numpy as np
import paddle
import pytest
from calls import call
from ner import export, model, widths
from ner.trainer import tag_loss
from tiny_ner import APP, LENGTH, export_words, ofa_words


def test_each_width_is_a_checkpoint_that_loads_without_flags(compressed):
    full, half = (model.load(compressed / f"model_{word}") for word in ("1.0", "0.5"))
    assert (full.config.layer_heads, full.config.layer_ffn) == ([4, 4], [64, 64])
    assert (half.config.layer_heads, half.config.layer_ffn) == ([2, 2], [32, 32])
    for word, stage in (("1.0", "width_1"), ("0.5", "width_0.5")):
        record = files.read_json(compressed / f"model_{word}" / "training.json")
        assert record["stage"] == stage and record["metrics"]["f1"] > 0.95


def test_the_teachers_lesson_is_of_characters_only():
    """Not of padding, [CLS] and [SEP]: there the teacher says nothing that is worth learning."""
    ids = paddle.to_tensor([[1, 5, 6, 2, 0, 0], [1, 7, 8, 9, 9, 2]])
    assert widths.characters(ids).numpy().tolist() == [[0, 1, 1, 0, 0, 0], [0, 1, 1, 1, 1, 0]]


def test_the_loss_is_of_owned_characters_only():
    labels = paddle.to_tensor([[-100, 2, 0, -100]])
    logits = paddle.randn([1, 4, 7])
    inner = paddle.nn.functional.cross_entropy(logits[:, 1:3], labels[:, 1:3])
    assert float(tag_loss(logits, labels)) == pytest.approx(float(inner), abs=1e-6)
    assert float(tag_loss(logits * paddle.to_tensor([9.0, 1, 1, 9]).reshape([1, 4, 1]), labels)) == pytest.approx(
        float(inner), abs=1e-6
    )


def test_compression_never_opens_the_test_set(tiny, trained, tmp_path):
    """Upstream scores heads and chooses checkpoints on the test set."""
    data = tmp_path / "data"
    shutil.copytree(tiny.data, data)
    (data / "test.txt").unlink()
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, tmp_path / "out", data_dir=data, max_steps=1))
    assert ended.code == 0, ended.err
    assert {path.name for path in (tmp_path / "out").glob("model_*")} == {"model_1.0", "model_0.5"}


def test_folders_are_named_as_typed_and_a_short_run_saves_them(tiny, trained, tmp_path):
    typed = ("1.0", "0.8333333333333334", "0.50")
    changes = {"width_mult_list": typed, "max_steps": 1, "save_steps": 500}
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, tmp_path / "out", **changes))
    assert ended.code == 0, ended.err
    for word, heads in zip(typed, (4, 3, 2), strict=True):
        assert model.load(tmp_path / "out" / f"model_{word}").config.layer_heads == [heads, heads]


@pytest.mark.parametrize("off", ["reorder", "distill"])
def test_reordering_and_distillation_can_be_left_out(tiny, trained, tmp_path, off):
    """For the ablation: without either the weights come out otherwise, and the run still ends with models."""
    folders = {}
    for name, value in (("on", "True"), ("off", "False")):
        folders[name] = tmp_path / name
        words = ofa_words(tiny, trained, folders[name], max_steps=2, width_mult_list=("0.5",))
        assert call("run_msra_ner_ofa", *words, f"--{off}", value).code == 0
    first, second = (paddle.load(str(folder / "model_0.5" / "model_state.pdparams")) for folder in folders.values())
    assert any(not np.array_equal(first[name].numpy(), second[name].numpy()) for name in first)


def test_another_development_set_than_the_teachers_is_refused(tiny, trained, tmp_path):
    """The teacher has learnt sentences of it: what it chooses would look better than it is."""
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, tmp_path / "out", split_seed=1))
    assert ended.code == 2 and "was trained with another development set" in ended.err
    assert "split_seed 2018" in ended.err and ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width_mult_list": ("1.5",)}, "--width_mult_list: 1.5 is not in (0, 1]"),
        ({"width_mult_list": ("half",)}, "--width_mult_list: `half` is no number"),
        ({"width_mult_list": ("0.5", "0.50")}, "names a width twice"),
        ({"importance_batches": 0}, "--importance_batches must be at least 1"),
        ({"model_type": "ernie"}, "--model_type ernie: but"),
        ({"model_type": "bart"}, "--model_type `bart` (did you mean `bert`?)"),
        ({"task_name": "sst-2"}, "--task_name `sst-2`"),
        ({"model_name_or_path": "nowhere"}, "nowhere"),
    ],
)
def test_bad_options_are_one_line_with_exit_code_2(tiny, trained, tmp_path, changes, message):
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, tmp_path / "out", **changes))
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1, ended.err


def test_a_narrow_model_is_no_teacher(tiny, trained, compressed, tmp_path):
    words = ofa_words(tiny, trained, tmp_path / "out", model_name_or_path=compressed / "model_0.5")
    ended = call("run_msra_ner_ofa", *words)
    assert ended.code == 2 and "a model of the stage `width_0.5`" in ended.err


def test_the_results_of_a_run_are_not_overwritten_unasked(tiny, trained, compressed):
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, compressed))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err


def test_a_killed_run_resumes_to_the_same_models(tiny, trained, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    steps = {"save_steps": 4, "max_steps": 8, "learning_rate": 5e-3}
    assert call("run_msra_ner_ofa", *ofa_words(tiny, trained, whole, **steps)).code == 0
    words = [str(word) for word in ofa_words(tiny, trained, killed, **steps)]
    child = subprocess.Popen([sys.executable, str(APP / "run_msra_ner_ofa.py"), *words], stdout=subprocess.DEVNULL)
    work, deadline = killed / "super_network", time.time() + 300
    while not list(work.glob("checkpoint-*/.whole")) and child.poll() is None and time.time() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert list(work.glob("checkpoint-*")), "it was to be killed after a checkpoint"
    shutil.rmtree(work / "checkpoint-8", ignore_errors=True)  # where the kill came too late, take back the end
    resumed = call("run_msra_ner_ofa", *ofa_words(tiny, trained, killed, **steps, resume_from_checkpoint="last"))
    assert resumed.code == 0, resumed.err
    for name in ("model_1.0", "model_0.5"):
        first, second = (paddle.load(str(folder / name / "model_state.pdparams")) for folder in (whole, killed))
        assert all(np.array_equal(first[key].numpy(), second[key].numpy()) for key in first), name


def test_a_resumed_run_must_have_the_same_options(tiny, trained, compressed, tmp_path):
    shutil.copytree(compressed, tmp_path / "copy")
    words = ofa_words(tiny, trained, tmp_path / "copy", resume_from_checkpoint="last")
    ended = call("run_msra_ner_ofa", *words, "--distill", "False")
    assert ended.code == 2 and "--distill is False, but" in ended.err


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


def test_int8_is_int8_and_decides_as_fp32(exported):
    bundle = read_bundle(exported / "static_model_int8" / "bundle")
    assert (bundle.stage, bundle.precision, bundle.manifest["embedding"]) == ("width_0.5_int8", "int8", "int8")
    assert bundle.manifest["int8_ops"] == ["fc"] and bundle.engine("onnxruntime")["agreement"] >= 0.95
    nodes = count_nodes(bundle.path / "model.onnx")
    assert nodes["QAttention"] == 2 and nodes["MatMulIntegerToFloat"] == 2 * 3 + 1 and "MatMul" not in nodes


def test_the_documents_names_are_links_into_the_bundle(exported):
    for suffix in ("pdmodel", "pdiparams"):
        link = exported / "static_model" / f"infer.{suffix}"
        assert link.resolve() == (exported / "static_model" / "bundle" / f"model.{suffix}").resolve()


def test_none_makes_no_static_model(tiny, compressed, tmp_path):
    words = export_words(tiny, compressed / "model_0.5", tmp_path, static_sub_model="None", int8=None)
    assert call("export_model_msra_ner_ofa", *words).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["dynamic_model"]


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


def test_a_sub_model_that_is_not_the_super_networks_stops(tiny, compressed, tmp_path):
    """One weight of the checkpoint was changed after its training."""
    source = tmp_path / "model_0.5"
    shutil.copytree(compressed / "model_0.5", source)
    state = paddle.load(str(source / "model_state.pdparams"))
    state["classifier.bias"] = state["classifier.bias"] + 0.01
    paddle.save(state, str(source / "model_state.pdparams"))
    ended = call("export_model_msra_ner_ofa", *export_words(tiny, source, tmp_path / "out"))
    assert ended.code == 2 and "sub-model against the super-network: largest difference 0.01" in ended.err
    assert not (tmp_path / "out" / "dynamic_model").exists() and not (tmp_path / "out" / "static_model").exists()


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width_mult": 1.0}, "--width_mult 1: but"),
        ({"width_mult": 0.0}, "--width_mult: 0 is not in (0, 1]"),
        ({"static_sub_model": "None"}, "--int8 needs --static_sub_model DIR"),
        ({"data_dir": None}, "--int8 needs --static_sub_model DIR, and --data_dir DIR"),
        ({"n_gpu": 2}, "--n_gpu must be 0 (CPU) or 1"),
        ({"device": "gpu"}, "--n_gpu 0 and --device gpu contradict each other"),
        ({"input_dtype": "int8"}, "--input_dtype must be int64 or int32"),
        ({"model_type": "ernie"}, "--model_type ernie: but"),
        ({"gate_engines": ("padle", "onnxruntime")}, "`padle` (did you mean `paddle`?)"),
        ({"gate_engines": ("paddle",)}, "--gate_engines needs onnxruntime"),
    ],
)
def test_bad_export_options(tiny, compressed, tmp_path, changes, message):
    ended = call("export_model_msra_ner_ofa", *export_words(tiny, compressed / "model_0.5", tmp_path, **changes))
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1, ended.err


def test_a_gpu_that_is_not_there_is_refused(tiny, compressed, tmp_path):
    if paddle.is_compiled_with_cuda():
        pytest.skip("this Paddle has GPU support")
    ended = call("export_model_msra_ner_ofa", *export_words(tiny, compressed / "model_0.5", tmp_path, n_gpu=1))
    assert ended.code == 3


def test_the_sub_model_is_not_written_over_its_source(tiny, compressed):
    source = compressed / "model_0.5"
    words = export_words(tiny, source, source, sub_model_output_dir=source)
    ended = call("export_model_msra_ner_ofa", *words)
    assert ended.code == 2 and "the model itself; name another folder" in ended.err


def test_a_longer_window_than_was_trained_is_told(tiny, trained, tmp_path):
    words = export_words(tiny, trained / "model_best", tmp_path, width_mult=1.0, max_seq_length=36, int8=None)
    ended = call("export_model_msra_ner_ofa", *words, "--gate_engines", "paddle", "onnxruntime")
    assert ended.code == 0, ended.err
    assert f"--max_seq_length 36: the model knows {LENGTH} tokens" in ended.out
    assert read_bundle(tmp_path / "static_model" / "bundle").max_length == LENGTH


def test_reordering_keeps_what_is_computed(trained):
    """Largest difference 1e-5 after the important heads and neurons were put first."""
    from common.compress import ofa

    network = model.load(trained / "model_best")
    ids = paddle.to_tensor([[1, 5, 8, 7, 2], [1, 6, 9, 2, 0]])
    before = [{"logits": network(ids).numpy()}]
    random = np.random.default_rng(0)
    scores = ofa.Importance([random.random(4) for _ in range(2)], [random.random(64) for _ in range(2)])
    ofa.reorder(model.encoder_of(network), scores)
    after = [{"logits": network(ids).numpy()}]
    assert parity.compare(before, after, export.KIND.decide).max_abs_diff < 1e-5


def test_a_run_of_the_teacher_leaves_its_records(trained):
    assert (trained / "configuration.json").exists() and list(trained.glob("checkpoint-*/.whole"))
