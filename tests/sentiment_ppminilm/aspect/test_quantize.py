# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Calibration rows, what a failed gate leaves, models that cannot be quantized."""

import shutil
from types import SimpleNamespace

import common  # noqa: F401  before paddle
from common import files
from common.bundle import read_bundle
from common.export import write_bundle

import model
import numpy as np
import paddle
from aspect import quantize, trainer
from calls import call
from quant_words import words


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
    network = model.load(other)
    network.classifier.weight.set_value(network.classifier.weight * 2)
    paddle.save(network.state_dict(), str(other / "model_state.pdparams"))
    ended = call("quant_post", *words(tiny, other, exported, tmp_path / "quant"))
    assert ended.code == 2 and "does not hold this checkpoint's weights; export the checkpoint again" in ended.err
