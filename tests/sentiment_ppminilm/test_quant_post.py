# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""quant_post.py through its main: what each target gets, the gate, refusals; upstream's defects by name."""

import shutil
from types import SimpleNamespace

import common  # noqa: F401  before paddle
from common import files
from common.bundle.bundle import read_bundle
from common.compress import static_ptq
from common.engines.allowed import CPU_ENGINES
from common.export import lite, onnx_baselines, write_bundle
from common.export.onnx_file import count_nodes

import model as models
import numpy as np
import paddle
import pytest
from aspect import quantize, trainer
from calls import call

QUICK = ("paddle", "onnxruntime")


def words(tiny, trained, exported, target, *more, engines=QUICK):
    return [
        *("--checkpoints", trained, "--static_model_dir", exported, "--quant_model_dir", target),
        *("--calibration_path", tiny.train, "--gate_path", tiny.dev, "--label_path", tiny.labels),
        *("--batch_size", 16, "--batch_nums", 4, "--max_seq_len", 32, "--gate_engines", *engines, *more),
    ]


@pytest.fixture(scope="module")
def quantised(tiny, trained, exported, tmp_path_factory):
    """Made for every engine, tables included; tests must not change it."""
    folder = tmp_path_factory.mktemp("quantised") / "quant"
    ended = call("quant_post", *words(tiny, trained, exported, folder, "--embeddings", engines=CPU_ENGINES))
    assert ended.code == 0, ended.err
    return SimpleNamespace(folder=folder, bundle=read_bundle(folder / "bundle"), out=ended.out)


def test_the_bundle_says_what_it_is(quantised):
    bundle = quantised.bundle
    assert (bundle.stage, bundle.precision, bundle.manifest["embedding"]) == ("int8", "int8", "int8")
    assert bundle.manifest["int8_ops"] == ["fc"]
    assert bundle.manifest["metrics"]["split"] == "dev" and bundle.manifest["metrics"]["f1"] > 0.95


def test_every_engine_that_ran_decides_as_fp32(quantised):
    engines = quantised.bundle.manifest["engines"]
    assert {"paddle", "onnxruntime", "openvino"} <= set(engines)
    for name in ("paddle", "onnxruntime", "openvino"):
        assert engines[name]["passed"] and engines[name]["agreement"] >= 0.99, name
    assert engines["openvino"]["file"] == "model.xml"


def test_what_is_called_int8_is_int8(quantised):
    folder = quantised.folder / "bundle"
    nodes = count_nodes(folder / "model.onnx")
    assert nodes["QAttention"] == 2 and nodes["MatMulIntegerToFloat"] == 2 * 3 + 2 and "MatMul" not in nodes
    assert onnx_baselines.int8_nodes(folder / "model.onnx")["tables"] >= 1
    # all 14 products with stored weights; those of attention with itself stay as they were
    assert static_ptq.count_int8(folder / "model.pdmodel") == {"products": 18, "quantised": 14}
    assert "fake_quantize" in quantised.out and "64 rows" not in quantised.out


def test_the_documents_names_are_links_into_the_bundle(quantised):
    for suffix in ("pdmodel", "pdiparams"):
        assert (quantised.folder / f"infer.{suffix}").resolve() == quantised.bundle.path / f"model.{suffix}"


def test_calibration_reads_whole_batches_of_training_rows_by_a_seed(tiny):
    rows = [SimpleNamespace(ids=[n, n], token_type_ids=[0, 1], label=0, number=n) for n in range(1, 12)]
    feeds = quantize.calibration_feeds(rows, 4, 9, 1, tiny.train)
    assert [feed["input_ids"].shape for feed in feeds] == [(4, 2), (4, 2)] and list(feeds[0]) == list(trainer.INPUTS)
    used = np.concatenate([feed["input_ids"][:, 0] for feed in feeds])
    assert len(set(used)) == 8 and used.tolist() != sorted(used)
    again = quantize.calibration_feeds(rows, 4, 9, 1, tiny.train)
    assert all(np.array_equal(a["input_ids"], b["input_ids"]) for a, b in zip(feeds, again, strict=True))


def test_a_calibration_set_smaller_than_one_batch_is_refused(tiny, trained, exported, tmp_path):
    """Upstream drops the last, only batch and calibrates on none."""
    few = tmp_path / "few.txt"
    files.write_text(few, "".join(tiny.train.read_text(encoding="utf-8").splitlines(keepends=True)[:7]))
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant"), "--calibration_path", few)
    assert ended.code == 2 and ended.err.count("\n") == 1
    assert f"{few}: 7 rows are fewer than one calibration batch" in ended.err and "--batch_size 7" in ended.err
    assert not (tmp_path / "quant" / "bundle").exists()


def test_scales_per_channel_are_not_computed_by_onednn(tiny, trained, exported, tmp_path):
    """Upstream's default on a CPU: oneDNN restores such weights wrongly, without an error."""
    more = ("--weight_quantize_type", "channel_wise_abs_max")
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", *more))
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "quant" / "bundle")
    assert bundle.manifest["int8_ops"] == [] and bundle.engine("paddle")["agreement"] >= 0.99


def test_tensorrt_gets_the_documents_program(tiny, trained, exported, tmp_path):
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", "--target", "tensorrt"))
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "quant" / "bundle")
    assert set(bundle.manifest["files"]) == {"labels.json", "model.pdiparams", "model.pdmodel", "vocab.txt"}
    assert static_ptq.count_int8(bundle.path / "model.pdmodel") == {"products": 18, "quantised": 18}
    assert bundle.manifest["int8_ops"] == [] and list(bundle.manifest["engines"]) == ["paddle"]
    assert "by avg" in ended.out


def test_lite_gets_an_arm_file(tiny, trained, exported, tmp_path):
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", "--target", "lite", "--embeddings"))
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "quant" / "bundle")
    assert lite.kernels(bundle.path / "model.arm.nb")["arm", "int8"] >= 12
    assert [each["dtype"] for each in bundle.inputs] == ["int32", "int32"]


def test_dynamic_onnx(tiny, trained, exported, tmp_path):
    more = ("--embeddings", "--onnx_method", "dynamic")
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", *more))
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "quant" / "bundle")
    assert "QAttention" not in count_nodes(bundle.path / "model.onnx")
    assert bundle.engine("onnxruntime")["passed"] and "dynamic: " in ended.out


@pytest.mark.parametrize("algorithm", ["abs_max", "hist", "mse"])
def test_algorithms(tiny, trained, exported, tmp_path, algorithm):
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", "--algorithm", algorithm))
    assert ended.code == 0, ended.err
    assert f"by {algorithm}" in ended.out


def test_a_pruned_checkpoint_keeps_that_it_is_one(tiny, trained, exported, tmp_path):
    record = files.read_json(trained / "training.json")
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy, ignore=shutil.ignore_patterns("checkpoint-*"))
    files.write_json(copy / "training.json", record | {"stage": "width"})
    ended = call("quant_post", *words(tiny, copy, exported, copy / "quant"))
    assert ended.code == 0, ended.err
    assert read_bundle(copy / "quant" / "bundle").stage == "width_int8"


def test_a_failed_gate_says_both_figures_and_keeps_what_was_there(tiny, trained, exported, tmp_path, monkeypatch):
    target = tmp_path / "quant"
    (target / "bundle").mkdir(parents=True)
    (target / "bundle" / "kept").write_text("before")
    real = write_bundle.answers
    asked = []

    def flipped(network, batches):
        asked.append(network)
        answers = real(network, batches)
        return answers if len(asked) > 1 else [{"logits": -each["logits"]} for each in answers]

    monkeypatch.setattr(write_bundle, "answers", flipped)
    ended = call("quant_post", *words(tiny, trained, exported, target))
    assert ended.code == 2 and "parity gate: INT8 against FP32" in ended.err and "at least 99.00%" in ended.err
    assert [path.name for path in (target / "bundle").iterdir()] == ["kept"] and not (target / "infer.pdmodel").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--target", "gpu"], "--target: `gpu`"),
        (["--algorithm", "kl"], "--algorithm: `kl`; there are avg, abs_max, hist, mse, KL"),
        (["--weight_quantize_type", "range_abs_max"], "--weight_quantize_type: `range_abs_max`"),
        (["--quantizable_op_type", "conv2d"], "--quantizable_op_type: `conv2d`"),
        (["--onnx_method", "dynamic"], "--onnx_method dynamic makes the tables INT8 as well; add --embeddings"),
        (["--embeddings", "--target", "tensorrt"], "--embeddings: --target tensorrt keeps PaddleSlim's program"),
        (["--batch_nums", "0"], "--batch_nums must be at least 1"),
        (["--batch_size", "0"], "--batch_size must be at least 1"),
        (["--gate_rows", "0"], "--gate_rows must be at least 1"),
        (["--max_seq_len", "4"], "--max_seq_len must be at least 5"),
        (["--max_seq_len", "65"], "--max_seq_len 65: the model's position table has 64 rows"),
        (["--min_agreement", "1.5"], "--min_agreement must be in 0 to 1"),
        (["--hist_percent", "1.5"], "--hist_percent must be above 0 and at most 1"),
        (["--gate_engines", "padle"], "--gate_engines: `padle` (did you mean `paddle`?)"),
        (["--gate_engines", "paddle"], "--gate_engines needs onnxruntime"),
        (["--base_model_name", "skep_ernie_1.0_large_ch"], "is a ppminilm; leave the flag out"),
        (["--input_model_filename", "other.pdmodel"], "other.pdmodel"),
        (["--calibration_path", "none.txt"], "none.txt"),
    ],
)
def test_bad_options(tiny, trained, exported, tmp_path, more, message):
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", *more))
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1, ended.err
    assert not (tmp_path / "quant").exists() or not list((tmp_path / "quant").glob("*"))


def test_labels_of_another_model_are_refused(tiny, trained, exported, tmp_path):
    files.write_text(tmp_path / "label.dict", "good\nbad\n")
    ended = call(
        "quant_post", *words(tiny, trained, exported, tmp_path / "quant"), "--label_path", tmp_path / "label.dict"
    )
    assert ended.code == 2 and "labels good, bad, but the model was trained with 0, 1" in ended.err


def test_an_int8_model_is_not_quantised_again(tiny, trained, quantised, tmp_path):
    ended = call("quant_post", *words(tiny, trained, quantised.folder, tmp_path / "quant"))
    assert ended.code == 2 and "an int8 model already; give the FP32 one" in ended.err


def test_a_bundle_of_another_task_is_refused(tiny, trained, exported, tmp_path):
    from common.bundle import bundle

    other = tmp_path / "static"
    shutil.copytree(exported, other, symlinks=True)
    manifest = files.read_json(other / "bundle" / "manifest.json")
    bundle.write_manifest(other / "bundle", manifest | {"task": "joint_intent_slot"})
    ended = call("quant_post", *words(tiny, trained, other, tmp_path / "quant"))
    assert ended.code == 2 and "a bundle of the task `joint_intent_slot`" in ended.err


def test_the_static_model_of_another_checkpoint_is_refused(tiny, trained, exported, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(trained, other, ignore=shutil.ignore_patterns("checkpoint-*"))
    network = models.load(other)
    network.classifier.weight.set_value(network.classifier.weight * 2)
    paddle.save(network.state_dict(), str(other / "model_state.pdparams"))
    ended = call("quant_post", *words(tiny, other, exported, tmp_path / "quant"))
    assert ended.code == 2 and "does not hold this checkpoint's weights; export the checkpoint again" in ended.err
