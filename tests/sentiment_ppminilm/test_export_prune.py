# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""export_model.py and prune_width.py through their mains: bundles, links, widths, gates, refusals."""

import shutil

import common  # noqa: F401  before paddle
from common import files, parity
from common.bundle.bundle import read_bundle
from common.export import write_bundle
from common.parity import GateFailed

import model as models
import numpy as np
import paddle
import pytest
from aspect import export, trainer, widths
from calls import call
from tiny_aspects import train_words


def prune_words(tiny, source, folder, **changes):
    steps = {"base_model_name": None, "num_epochs": 2, "eval_steps": 12, "output_dir": folder, "importance_batches": 4}
    words = train_words(tiny, source, **{**steps, **changes})
    return [*words, "--width_mult_list", "1.0", "0.5"]


@pytest.fixture(scope="module")
def pruned(tiny, trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pruned") / "out"
    ended = call("prune_width", *prune_words(tiny, trained, folder))
    assert ended.code == 0, ended.err
    (folder / "stdout.txt").write_text(ended.out)
    return folder


def test_the_bundle_says_what_it_is(exported):
    bundle = read_bundle(exported / "bundle", task="aspect_sentiment", app="sentiment_ppminilm")
    assert (bundle.stage, bundle.precision, bundle.max_length) == ("original", "fp32", 32)
    assert bundle.labels == {"class": ["0", "1"]} and bundle.manifest["label_names"] == ["negative", "positive"]
    assert [each["name"] for each in bundle.inputs] == ["input_ids", "token_type_ids"]


def test_every_engine_that_ran_passed_within_the_tolerance(exported):
    engines = files.read_json(exported / "bundle" / "manifest.json")["engines"]
    assert {"paddle", "onnxruntime", "openvino"} <= set(engines)
    for name, verdict in engines.items():
        assert verdict["passed"] and verdict["max_abs_diff"] <= 1e-4 and verdict["agreement"] == 1.0, name


def test_the_documents_names_are_links_into_the_bundle(exported):
    for suffix in ("pdmodel", "pdiparams"):
        assert (exported / f"infer.{suffix}").resolve() == (exported / "bundle" / f"model.{suffix}").resolve()


def test_no_constant_without_axes_is_in_the_program(exported):
    """PaddleSlim's calibration by averages dies on one (`IndexError`), as upstream's exported mask has it."""
    from paddle.base import core

    described = core.ProgramDesc((exported / "bundle" / "model.pdmodel").read_bytes())
    block = described.block(0)
    flat = [
        operator.output("Out")
        for operator in (block.op(n) for n in range(block.op_size()))
        if operator.type() == "fill_constant" and not operator.attr("shape")
    ]
    assert not flat


def test_a_gate_that_fails_leaves_nothing(tiny, trained, tmp_path, monkeypatch):
    """The reference is another model's: no engine can agree, so there is no bundle and the figures are told."""
    monkeypatch.setattr(write_bundle, "answers", lambda network, batches: [{"logits": wrong(b)} for b in batches])
    words = ["--checkpoints", trained, "--static_model_dir", tmp_path / "static", "--gate_path", tiny.dev]
    ended = call("export_model", *words, "--max_seq_len", 32, "--gate_engines", "paddle", "onnxruntime")
    assert ended.code == 2 and "parity gate: paddle" in ended.err and "FAILED" in ended.err
    assert not (tmp_path / "static" / "bundle").exists() and not (tmp_path / "static" / "infer.pdmodel").exists()


def wrong(batch) -> np.ndarray:
    return np.tile(np.array([[3.0, -3.0]], "float32"), (len(batch[0]), 1))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--max_seq_len", "65"], "--max_seq_len 65: the model's position table has 64 rows"),
        (["--gate_engines", "paddle"], "--gate_engines needs onnxruntime"),
        (["--gate_engines", "padle", "onnxruntime"], "`padle` (did you mean `paddle`?)"),
        (["--input_dtype", "int8"], "--input_dtype must be int64 or int32"),
    ],
)
def test_bad_export_options(tiny, trained, tmp_path, words, message):
    ended = call(
        "export_model", "--checkpoints", trained, "--gate_path", tiny.dev, "--static_model_dir", tmp_path, *words
    )
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1


def test_a_damaged_checkpoint_is_refused(tiny, trained, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(trained, broken, ignore=shutil.ignore_patterns("checkpoint-*"))
    config = files.read_json(broken / "config.json")
    files.write_json(broken / "config.json", config | {"intermediate_size": 48})
    ended = call("export_model", "--checkpoints", broken, "--gate_path", tiny.dev)
    assert ended.code == 2 and "config.json says" in ended.err


def test_each_width_is_a_checkpoint_that_loads_without_flags(pruned):
    full, half = (models.load(pruned / f"width_{ratio}") for ratio in ("1", "0.5"))
    assert (full.config.layer_heads, full.config.layer_ffn) == ([4, 4], [64, 64])
    assert (half.config.layer_heads, half.config.layer_ffn) == ([2, 2], [32, 32])
    for ratio in ("1", "0.5"):
        assert files.read_json(pruned / f"width_{ratio}" / "training.json")["metrics"]["f1"] > 0.95


def test_a_pruned_checkpoint_exports_and_passes(tiny, pruned):
    source = pruned / "width_0.5"
    ended = call("export_model", "--checkpoints", source, "--gate_path", tiny.dev, "--max_seq_len", 32)
    assert ended.code == 0, ended.err
    bundle = read_bundle(source / "static" / "bundle")
    assert bundle.stage == "width" and bundle.architecture["heads"] == [2, 2]
    assert bundle.engine("onnxruntime")["passed"]


def test_reordering_does_not_change_what_is_computed(tiny, trained):
    """Largest difference 1e-5 after the important heads and neurons were put first."""
    from common.compress import ofa

    network = models.load(trained)
    labels = trainer.labels_of(trained)
    batches = export.gate_batches(trainer.dataset(tiny.dev, trained / "vocab.txt", labels, 32, False))
    before = write_bundle.answers(network, batches)
    random = np.random.default_rng(0)
    scores = ofa.Importance([random.random(4) for _ in range(2)], [random.random(64) for _ in range(2)])
    ofa.reorder(widths.encoder_of(network), scores)
    after = write_bundle.answers(network, batches)
    assert parity.compare(before, after, export.KIND.decide).max_abs_diff < 1e-5


@pytest.mark.parametrize(
    ("changes", "more", "message"),
    [
        ({}, ["--width_mult_list", "1.5"], "--width_mult_list: 1.5 is not in (0, 1]"),
        ({"from_scratch": True}, [], "--from_scratch: pruning starts from a trained checkpoint"),
        ({"importance_batches": 0}, [], "--importance_batches must be at least 1"),
    ],
)
def test_bad_pruning_options(tiny, trained, tmp_path, changes, more, message):
    ended = call("prune_width", *prune_words(tiny, trained, tmp_path / "out", **changes), *more)
    assert ended.code == 2 and message in ended.err


def test_a_cut_that_differs_from_the_super_network_stops(tiny, trained):
    from common.compress import distill

    keep = distill.KeepBest(
        {0.5: trained}, "f1", cut=lambda *_: paddle.nn.Layer(), save=None,
        compare=lambda *_: parity.Comparison(0.5, 1.0),
    )  # fmt: skip
    with pytest.raises(GateFailed, match="cut out of the super-network: largest difference"):
        keep(models.load(trained), 0.5, {"eval_f1": 1.0})
