# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the tests of this app share, made once per process. Loaded by tests/conftest.py."""

import pytest


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Data files and "pretrained" folders; tests must not change them."""
    import tiny_aspects

    return tiny_aspects.make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def trained(tiny, tmp_path_factory):
    """Folder of a run of train.py on the tiny data; tests must not change it."""
    import calls
    import tiny_aspects

    folder = tmp_path_factory.mktemp("trained") / "checkpoint"
    return calls.made(folder, "train", *tiny_aspects.train_words(tiny, folder))


@pytest.fixture(scope="session")
def exported(tiny, trained, tmp_path_factory):
    """Folder with bundle/ and infer.* of the tiny checkpoint; tests must not change it."""
    import calls

    folder = tmp_path_factory.mktemp("exported") / "static"
    words = ["--checkpoints", trained, "--static_model_dir", folder, "--gate_path", tiny.dev, "--max_seq_len", 32]
    return calls.made(folder, "export_model", *words)
