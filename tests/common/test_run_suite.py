# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The suite's runner on a made-up tests/ folder: one process per folder, sums that are right, exit codes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).resolve().parents[1] / "run_suite.py"


@pytest.fixture(scope="module")
def runner():
    spec = importlib.util.spec_from_file_location("run_suite", RUNNER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tests(tmp_path):
    """Two apps with a `utils` each, that would clash in one process."""
    for app, value in (("one", 1), ("two", 2)):
        folder = tmp_path / "tests" / app
        folder.mkdir(parents=True)
        (folder / "utils.py").write_text(f"VALUE = {value}\n")
        (folder / "conftest.py").write_text(
            "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n"
        )
        (folder / f"test_{app}.py").write_text(
            f"import utils\n\n\ndef test_own():\n    assert utils.VALUE == {value}\n"
        )
    (tmp_path / "tests" / "fixtures").mkdir()
    (tmp_path / "tests" / "fixtures" / "words.txt").write_text("no tests here\n")
    return tmp_path / "tests"


def start(tests: Path, *words: str) -> subprocess.CompletedProcess:
    """The real runner, standing in the made-up folder; `-n 0` keeps the inner pytest from starting workers."""
    code = (
        "import runpy, pathlib, sys; module = runpy.run_path(sys.argv[1]); "
        "module['main'].__globals__['TESTS'] = pathlib.Path(sys.argv[2]); sys.exit(module['main'](sys.argv[3:]))"
    )
    command = [sys.executable, "-c", code, str(RUNNER), str(tests), "-n", "0", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=tests)


def test_a_process_per_folder_and_one_sum(tests):
    result = start(tests)
    assert result.returncode == 0, result.stdout
    assert result.stdout.splitlines()[-1] == "2 passed, 0 failed, 0 skipped"


def test_failures_errors_and_skips_are_counted_and_the_exit_code_tells(tests):
    (tests / "one" / "test_ends.py").write_text(
        "import pytest\n\n\n"
        "def test_fails():\n    assert False\n\n\n"
        "@pytest.fixture\ndef broken():\n    yield\n    raise RuntimeError\n\n\n"
        "def test_teardown_breaks(broken):\n    pass\n\n\n"
        "@pytest.mark.skip(reason='not today')\ndef test_skipped():\n    pass\n"
    )
    result = start(tests)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "2 passed, 2 failed, 1 skipped"


def test_a_folder_that_cannot_be_collected_counts_as_failed(tests):
    (tests / "two" / "test_broken.py").write_text("import no_such_module\n")
    result = start(tests)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_a_process_that_dies_counts_as_failed(tests):
    (tests / "two" / "test_dies.py").write_text("import os\n\n\ndef test_dies():\n    os._exit(3)\n")
    result = start(tests)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_nothing_chosen_is_not_a_success(tests):
    result = start(tests, "-k", "no_test_is_called_so")
    assert result.returncode == 5
    assert result.stdout.splitlines()[-1] == "0 passed, 0 failed, 0 skipped"


def test_paths_and_node_ids_choose_their_folders(runner, tests, monkeypatch):
    monkeypatch.chdir(tests)
    one, two = tests / "one", tests / "two"
    assert runner.plan([], tests) == [[str(one)], [str(two)]]
    assert runner.plan(["-x", str(tests)], tests) == [["-x", str(one)], ["-x", str(two)]]
    assert runner.plan(["one/test_one.py::test_own", "-x"], tests) == [["-x", f"{one}/test_one.py::test_own"]]
    assert runner.plan(["two", "one"], tests) == [[str(two)], [str(one)]]
    monkeypatch.chdir("/")
    assert runner.plan(["tests/two"], tests) == [[str(two)]]


def test_a_flags_value_that_looks_like_a_path_is_no_path(runner, tests, monkeypatch):
    monkeypatch.chdir(tests)
    assert runner.plan(["-k", "one"], tests) == [["-k", "one", str(tests / folder)] for folder in ("one", "two")]
