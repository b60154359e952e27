# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The one conftest: puts the folder under test on the import path and loads its fixtures.

Each folder of tests/ runs in a process of its own (run_suite.py sees to it), because the apps have modules of equal
names, such as `utils.py`. `tests/<app>/app_fixtures.py`, where there is one, holds the session fixtures of that app.
"""

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
MORE_PATHS = {  # folder of tests/: what its tests import besides its own modules and those of its app
    "ernie_tiny_slu": ["ernie_tiny_slu/deploy/python", "tests/common"],  # infer_demo.py; bundle_fixture.py
}


def pytest_configure(config) -> None:
    """Set the import path before any test module is read; in the workers of xdist too, which get the same arguments."""
    names = folders_under_test(config)
    if len(names) == 1:
        name = names.pop()
        app = [] if name == "common" else [ROOT / name]  # common is imported as a package, never from inside
        places = [*app, TESTS / name, *(ROOT / more for more in MORE_PATHS.get(name, [])), TESTS, ROOT]
        sys.path[:0] = [str(place) for place in places]
        if (TESTS / name / "app_fixtures.py").is_file():
            config.pluginmanager.import_plugin("app_fixtures")  # pytest has a plugin called "fixtures" of its own


def pytest_sessionstart(session) -> None:
    if len(folders_under_test(session.config)) != 1:
        raise pytest.UsageError("one folder of tests/ per process: name one, or run `sh tests/run_tests.sh`")


def folders_under_test(config) -> set[str]:
    """Names of the folders of tests/ that the arguments point into; empty where they name all of tests/."""
    arguments = [Path(config.invocation_params.dir, word.split("::")[0]).resolve() for word in config.args]
    return {path.relative_to(TESTS).parts[0] for path in arguments if path != TESTS and path.is_relative_to(TESTS)}


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the real data sets; the tests that need it carry `@pytest.mark.data`."""
    folder = Path(os.environ.get("SHARED_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    return folder
