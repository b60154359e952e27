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


@pytest.fixture(scope="session")
def stages(tuned, exported, tmp_path_factory) -> list[str]:
    """Bundles of the original and of width 0.5 in FP32 and INT8, as bench/measure.py's --stages takes them."""
    import calls
    import tiny_glue

    folder = tmp_path_factory.mktemp("original")
    ended = calls.call("export_model", *tiny_glue.export_words(tuned, folder, gate_engines=("paddle", "onnxruntime")))
    assert ended.code == 0, ended.err
    static = exported / "static"
    return [
        f"original={folder / 'static' / 'bundle'}",
        f"width_0.5={static / 'bundle'}",
        f"width_0.5_int8={static / 'int8' / 'bundle'}",
    ]


@pytest.fixture(scope="session")
def measured(tiny, stages, tmp_path_factory) -> dict:
    """The summary that bench/measure.py writes of `stages`; tests must not change it."""
    from common import files
    from common.report.summary import check_summary

    import calls
    import tiny_glue

    path = tmp_path_factory.mktemp("measured") / "summary.json"
    words = ["--stages", *stages, "--data_dir", tiny.data, "--output", path, *tiny_glue.SHORT]
    ended = calls.call("bench.measure", *words, "--seeds", "7")
    assert ended.code == 0, ended.err
    assert "width 0.5 + INT8" in ended.out
    return check_summary(files.read_json(path), "summary.json")
