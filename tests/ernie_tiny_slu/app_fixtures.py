# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the tests of this app share, made once per process. Loaded by tests/conftest.py."""

import pytest


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The tiny corpus and the "pretrained" folder it starts from."""
    import tiny_app

    return tiny_app.make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def trained(tiny, tmp_path_factory):
    """Folder of a run with --do_train --do_eval --do_export --prune_embeddings; tests must not change it."""
    import calls
    import tiny_app

    folder = tmp_path_factory.mktemp("trained") / "out"
    more = ["--do_train", "--do_eval", "--do_export", "--prune_embeddings", "--load_best_model_at_end"]
    steps = {"max_steps": 150, "save_steps": 50, "metric_for_best_model": "eval_accuracy"}
    return calls.kept(folder, tiny_app.train(tiny_app.words(tiny, folder, *more, **steps)))


@pytest.fixture(scope="session")
def chain(tiny, trained, tmp_path_factory):
    """Folder of dynabert+qat+embeddings with two widths on the trained checkpoint; tests must not change it."""
    import calls
    import tiny_app

    folder = tmp_path_factory.mktemp("chain") / "out"
    more = ["--do_compress", "--strategy", "dynabert+qat+embeddings", "--width_mult_list", "0.75", "0.5"]
    steps = {"max_steps": 40, "save_steps": 20, "learning_rate": 2e-3, "importance_batches": 4}
    return calls.kept(folder, tiny_app.train(tiny_app.words(tiny, folder, *more, model_name_or_path=trained, **steps)))
