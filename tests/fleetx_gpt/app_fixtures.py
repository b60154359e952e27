# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the tests of this app share, made once per process. Loaded by tests/conftest.py."""

import pytest


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Folder with data/story.txt, cloze.jsonl and images.npz; tests must not change it."""
    import tiny

    return tiny.make(tmp_path_factory.mktemp("tiny") / "inputs")


@pytest.fixture(scope="session")
def dense(data, tmp_path_factory):
    """Output folder of 40 steps of the tiny GPT; tests must not change it."""
    import tiny
    from fleetx.train import run

    folder = tmp_path_factory.mktemp("dense") / "output"
    changes = {"Engine__max_steps": 40, "Engine__save_load__save_steps": 20, "Optimizer__lr__decay_steps": 320}
    quick = {"Optimizer__lr__max_lr": 0.01, "Global__micro_batch_size": 8, "Engine__eval_freq": 40}
    run.train(tiny.settings(data, folder, Model__hidden_dropout_prob=0.0, **changes, **quick))
    return folder
