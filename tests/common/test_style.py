# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Lint, format, shell scripts, spelling and licence lines: checked like everything else, so that they stay green."""

import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
HEADER = "# Copyright (c) the project's authors. Apache-2.0, see LICENSE."


def ours(*patterns: str) -> list[str]:
    """Files of the checkout, committed or about to be, that match; ignored ones are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=REPO,
        capture_output=True,
        check=True,
    ).stdout.decode()
    names = sorted(name for name in listed.split("\0") if name and (REPO / name).is_file())
    assert names, f"nothing matches {patterns}"
    return names


def passes(*command: str | Path) -> None:
    result = subprocess.run([str(word) for word in command], cwd=REPO, capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(map(str, command))[:200]}\n{result.stdout}{result.stderr}"


def test_ruff_check():
    passes(TOOLS / "ruff", "check", "--no-cache", *ours("*.py"))


def test_ruff_format():
    passes(TOOLS / "ruff", "format", "--check", "--no-cache", *ours("*.py"))


def test_shellcheck():
    passes(TOOLS / "shellcheck", *ours("*.sh", ".ci/run"))


def test_codespell():
    passes(TOOLS / "codespell", *ours())


def test_licence_line_comes_first():
    bare = [name for name in ours("*.py") if not (REPO / name).read_text(encoding="utf-8").startswith(HEADER)]
    assert bare == []


def test_shell_scripts_are_portable():
    """Every run_*.sh is started as `sh run_it.sh`, which is dash on Debian: no bash in it."""
    for name in ours("*.sh"):
        first = (REPO / name).read_text(encoding="utf-8").splitlines()[0]
        assert first in ("#!/bin/sh", "# shellcheck shell=sh"), f"{name}: {first}"
