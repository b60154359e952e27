# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What READMEs tell people to type, and running it, for the test_readme.py of every app."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path


def commands(readme: Path) -> list[str]:
    """What stands in the fenced shell blocks, a command per line, continuation lines joined."""
    blocks = re.findall(r"^ *```shell\n(.*?)^ *```", readme.read_text(encoding="utf-8"), flags=re.S | re.M)
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [" ".join(line.split()) for line in joined.splitlines() if line.strip()]


def scripts_named(readme: Path) -> set[str]:
    """`sh run_….sh` in running text."""
    return set(re.findall(r"`sh (run_\w+\.sh)`", readme.read_text(encoding="utf-8")))


def forked(app: Path, top: Path) -> Path:
    """The app folder in another place, as a user who forks it would have it; without what its runs have written."""
    shutil.copytree(app, top / app.name, ignore=shutil.ignore_patterns("checkpoints", "output", "tmp", "__pycache__"))
    for part in ("common", "requirements.lock", ".venv"):
        if (app.parent / part).exists():
            (top / part).symlink_to(app.parent / part)
    return top / app.name


def shortened(command: str, short: dict[str, str]) -> str:
    """The command with the further words that `short` has for a script in it."""
    return " ".join([command, *(more for script, more in short.items() if script in command.split())])


def run(command: str, folder: Path, **environment: str) -> str:
    """What a command prints that is typed in a folder; fails the test where its exit code is not 0."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
    return done.stdout
