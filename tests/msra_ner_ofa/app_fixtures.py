# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the tests of this app share, made once per process. Loaded by tests/conftest.py."""

import pytest


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Data files and "pretrained" folders; tests must not change them."""
    import tiny_ner

    return tiny_ner.make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def trained(tiny, tmp_path_factory):
    """Output folder of run_msra_ner.py on the tiny data; tests must not change it."""
    import calls
    import tiny_ner

    folder = tmp_path_factory.mktemp("trained") / "msra_ner"
    return calls.made(folder, "run_msra_ner", *tiny_ner.train_words(tiny, folder))


@pytest.fixture(scope="session")
def compressed(tiny, trained, tmp_path_factory):
    """Output folder of run_msra_ner_ofa.py with the widths 1.0 and 0.5; tests must not change it."""
    import calls
    import tiny_ner

    folder = tmp_path_factory.mktemp("compressed") / "msra_ner_ofa"
    return calls.made(folder, "run_msra_ner_ofa", *tiny_ner.ofa_words(tiny, trained, folder))


@pytest.fixture(scope="session")
def exported(tiny, compressed, tmp_path_factory):
    """Folder with dynamic_model, static_model and static_model_int8 of width 0.5; tests must not change it."""
    import calls
    import tiny_ner

    folder = tmp_path_factory.mktemp("exported")
    return calls.made(
        folder, "export_model_msra_ner_ofa", *tiny_ner.export_words(tiny, compressed / "model_0.5", folder)
    )
