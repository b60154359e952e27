# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A bundle and a killed training that the code before the rebuilding (commit 1b25b00) has written still serve."""

import common  # noqa: F401  before paddle

import pytest
import tiny
from calls import run
from made_before import check_answers, check_weights, train_words, unpacked
from safetensors.numpy import load_file
from tools import train


@pytest.fixture
def before(tmp_path, monkeypatch):
    """Paths in what was written are relative to this folder."""
    folder = unpacked("fleetx_gpt", tmp_path)
    (folder / "configs").symlink_to(tiny.CONFIGS)
    monkeypatch.chdir(folder)
    return folder


def test_bundles_answer_as_they_did(before):
    check_answers("tools.inference")


def test_a_killed_training_goes_on_to_the_same_weights(before):
    ended = run(train.main, train.Options, train_words())
    assert ended.code == 0, ended.err
    (last,) = before.glob("training/*_step_120")
    check_weights(load_file(last / "model.safetensors"), load_file("finished.safetensors"))
