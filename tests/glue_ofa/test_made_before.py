# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A bundle and a killed training that the code before the rebuilding (commit 1b25b00) has written still serve."""

import common  # noqa: F401  before paddle

import paddle
import pytest
from calls import call
from made_before import check_answers, check_weights, train_words, unpacked


@pytest.fixture
def before(tmp_path, monkeypatch):
    """Paths in what was written are relative to this folder."""
    folder = unpacked("glue_ofa", tmp_path)
    monkeypatch.chdir(folder)
    return folder


def test_bundles_answer_as_they_did(before):
    check_answers("predict")


def test_a_killed_training_goes_on_to_the_same_weights(before):
    ended = call("run_glue", *train_words("--resume_from_checkpoint", "last"))
    assert ended.code == 0, ended.err
    last = paddle.load("training/checkpoint-120/model_state.pdparams", return_numpy=True)
    check_weights(last, paddle.load("finished.pdparams", return_numpy=True))
