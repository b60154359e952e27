# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The sentences and answers that a checkpoint brings along."""

import shutil

import common  # noqa: F401  before paddle

import paddle
from calls import call
from tiny_ner import export_words


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
