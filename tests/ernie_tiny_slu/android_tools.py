# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the tests of deploy/android share: calls of its scripts, which skip the test where a tool is absent."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
ANDROID = REPO / "ernie_tiny_slu" / "deploy" / "android"
LACKS = 3  # exit code of a script whose tools are not there


def script(name: str, *words, cwd: Path | None = None, **environment) -> subprocess.CompletedProcess:
    """A script of the folder; skips the test with the script's own words where it lacks a tool."""
    done = subprocess.run(
        ["sh", str(ANDROID / name), *map(str, words)],
        cwd=cwd,
        env={**os.environ, **{key: str(value) for key, value in environment.items()}},
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode == LACKS:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    return done


def junit(build: Path, *classes: str, given: dict[str, Path | str] | None = None, **environment) -> str:
    """What run_tests.sh prints; it must have run tests and none may have failed."""
    flags = " ".join(f"-Dslu.{name}={value}" for name, value in (given or {}).items())
    done = script("run_tests.sh", *classes, BUILD=build, JAVA_FLAGS=flags, **environment)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "\nOK (" in done.stdout, done.stdout[-3000:]
    return done.stdout


def apk(folder: Path, **environment) -> Path:
    """The app as build_apk.sh makes it, in `folder`; without a model and Paddle Lite unless places are given."""
    places = {"BUILD": folder / "build", "OUT": folder / "slu.apk"}
    places |= {name: folder / "none" for name in ("ASSETS", "LIBS", "JNI_LIBS")}
    done = script("build_apk.sh", **(places | environment))
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip().splitlines()[-1] == str(places["OUT"])
    return places["OUT"]


def need(tool: str, package: str) -> str:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"no {tool}; on Debian 12: apt install {package}")
    return found


@cache
def fixture_bundle() -> Path:
    import bundle_fixture

    return bundle_fixture.bundle()
