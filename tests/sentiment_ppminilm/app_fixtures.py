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


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A working folder like the app's: FP32 in static/, INT8 in quant/, data; tests must not change it."""
    import tiny_bundle
    from speed_calls import WRONG

    folder = tmp_path_factory.mktemp("app")
    tiny_bundle.copy(folder / "checkpoints" / "pp_checkpoints" / "static")
    tiny_bundle.copy(folder / "checkpoints" / "pp_checkpoints" / "quant", int8=True)
    tiny_bundle.write_data(folder / "data" / "cls_data" / "test.txt", WRONG)
    tiny_bundle.write_labels(folder / "data" / "cls_data" / "label.dict")
    return folder


@pytest.fixture
def fp32(place, monkeypatch) -> list:
    """Words for the FP32 model, to be run in the working folder."""
    monkeypatch.chdir(place)
    return ["--model_path", "checkpoints/pp_checkpoints/static/infer", "--test_path", "data/cls_data/test.txt"]


@pytest.fixture
def int8(fp32) -> list:
    return ["--model_path", "checkpoints/pp_checkpoints/quant/infer", *fp32[2:]]
