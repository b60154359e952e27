# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""prune_width.py through its main: each width a checkpoint, refusals."""

import common  # noqa: F401  before paddle
from common import files
from common.bundle import read_bundle

import model
import pytest
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


def test_each_width_is_a_checkpoint_that_loads_without_flags(pruned):
    full, half = (model.load(pruned / f"width_{ratio}") for ratio in ("1", "0.5"))
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
