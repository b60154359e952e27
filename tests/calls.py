# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An entry script's real main as the shell would see it, for the tests of every app."""

import contextlib
import importlib
import io
from dataclasses import dataclass
from pathlib import Path

from common import cli


@dataclass(frozen=True)
class Ended:
    """Exit code and output of a main."""

    code: int
    out: str
    err: str


def call(script: str, *words) -> Ended:
    """Run the main of a script, which lies on sys.path, with these words."""
    module = importlib.import_module(script)
    return run(module.main, module.Options, words)


def run(main, options, words) -> Ended:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))  # with a `buffer`
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.run(main, options, [str(word) for word in words])
        except SystemExit as stop:
            code = stop.code or 0
    return Ended(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def made(folder: Path, script: str, *words) -> Path:
    """The folder that a script's main wrote into, with what it printed as stdout.txt in it. For fixtures."""
    return kept(folder, call(script, *words))


def kept(folder: Path, ended: Ended) -> Path:
    assert ended.code == 0, ended.err
    (folder / "stdout.txt").write_text(ended.out, encoding="utf-8")
    return folder


def spelled(values: dict) -> list:
    """Flags and their words; a value of None takes a flag out, True gives it alone, a list or tuple several words."""
    words: list = []
    for name, value in values.items():
        if value is not None:
            words += [f"--{name}"]
            words += [] if value is True else value if isinstance(value, (list, tuple)) else [value]
    return words
