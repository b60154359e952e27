# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the tests of this app share, made once per process. Loaded by tests/conftest.py."""

import pytest


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Data folders and "pretrained" models; tests must not change them."""
    import tiny_glue

    return tiny_glue.make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tuned(tiny, tmp_path_factory):
    """Folder of a run of run_glue.py on the tiny SST-2; tests must not change it."""
    import calls
    import tiny_glue

    folder = tmp_path_factory.mktemp("tuned") / "model"
    return calls.made(folder, "run_glue", *tiny_glue.words(tiny, folder))


@pytest.fixture(scope="session")
def widths(tiny, tuned, tmp_path_factory):
    """Folder of a run of run_glue_ofa.py with three widths; tests must not change it."""
    import calls
    import tiny_glue

    folder = tmp_path_factory.mktemp("ofa") / "out"
    return calls.made(folder, "run_glue_ofa", *tiny_glue.ofa_words(tiny, tuned, folder))


@pytest.fixture(scope="session")
def exported(tiny, widths, tmp_path_factory):
    """Folder with dynamic/ and static/ (FP32 and INT8) of width 0.5; tests must not change it."""
    import calls
    import tiny_glue

    folder = tmp_path_factory.mktemp("exported")
    return calls.made(folder, "export_model", *tiny_glue.export_words(widths, folder, 0.5, int8=True))
