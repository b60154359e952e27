# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An app's shell scripts run as they are, but their Python is this process: paddle is imported once for all of them.

The fork has an environment whose `python` writes down what it was asked for and waits for the answer. What has no main
that could be called, such as Paddle's launcher, is run by the real Python.
"""

import contextlib
import hashlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from common import child

import calls
import readmes

REPO = Path(__file__).resolve().parents[1]
LIMIT = 7200  # seconds that a script may take
STUB = """#!/bin/sh
[ "${1:-}" != -I ] || exit 0 # env.sh asks whether it runs
call=$CALLS/$$
printf '%s\\0' "$PWD" "$@" >"$call.part" && mv "$call.part" "$call.asked"
until [ -f "$call.code" ]; do sleep 0.02; done
cat "$call.out"
cat "$call.err" >&2
code=$(cat "$call.code")
rm "$call".*
exit "$code"
"""


class Fork:
    """A checkout with a copy of the app, whose modules are imported from where they are.

    Attributes:
        app: the copy's folder.
        asked: words of each call of Python so far, the script's path first.
        stubs: beginnings of calls that are answered with success and not run.
    """

    def __init__(self, app: Path, top: Path):
        self.calls, self.asked, self.stubs = top / "calls", [], ()
        self.app = readmes.forked(app, top)
        for name in (".venv", "common"):
            (top / name).unlink()
        shutil.copytree(REPO / "common", top / "common", ignore=shutil.ignore_patterns("__pycache__"))
        python = top / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(STUB)
        python.chmod(0o755)
        digest = hashlib.sha256((top / "requirements.lock").read_bytes()).hexdigest()
        (top / ".venv" / "installed-from").write_text(f"{digest} {top.resolve()}\n")
        self.calls.mkdir()

    def run(self, command: str, folder: Path | None = None, **variables: str) -> calls.Ended:
        """A shell command, in the copy's folder if no other is given; Python is answered for from here."""
        path = f"{self.app.parent / '.venv' / 'bin'}:{os.environ['PATH']}"
        given = {**os.environ, "PATH": path, "CALLS": str(self.calls), **variables}
        shell = subprocess.Popen(
            ["sh", "-c", command],
            cwd=folder or self.app,
            env=given,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(_Reader(shell.stdout))
            err = stack.enter_context(_Reader(shell.stderr))
            stack.callback(_end, shell)
            stop = time.monotonic() + LIMIT
            while shell.poll() is None:
                assert time.monotonic() < stop, f"{command}: runs longer than {LIMIT} s"
                for asked in self.calls.glob("*.asked"):
                    self._answer(asked)
                time.sleep(0.01)
        return calls.Ended(shell.returncode, out.text, err.text)

    def succeeds(self, command: str, **variables: str) -> str:
        """What a command prints that must end with exit code 0."""
        ended = self.run(command, **variables)
        assert ended.code == 0, f"{command}: exit code {ended.code}\n{ended.out[-1500:]}\n{ended.err[-3000:]}"
        return ended.out

    def _answer(self, asked: Path) -> None:
        folder, *words = asked.read_text().split("\0")[:-1]
        asked.unlink()
        self.asked.append(words)
        ended = calls.Ended(0, "", "")
        if not any(" ".join(words).startswith(stub) for stub in self.stubs):
            before = os.getcwd()
            os.chdir(folder)
            try:
                ended = self._called(words)
            except Exception:  # what would end a real process with exit code 1
                ended = calls.Ended(1, "", traceback.format_exc())
            finally:
                os.chdir(before)
        for ending, text in (("out", ended.out), ("err", ended.err), ("code.part", str(ended.code))):
            asked.with_suffix(f".{ending}").write_text(text)
        asked.with_suffix(".code.part").rename(asked.with_suffix(".code"))

    def _called(self, words: list[str]) -> calls.Ended:
        words = words[words[0] == "-u" :]
        name, *given = words
        if name == "-m" and given[0].startswith(("common.", "bench.")):
            return calls.call(program_of(given[0]), *given[1:])
        if name.startswith("-"):
            return really(words)
        inside = Path(name).resolve().relative_to(self.app.resolve()).with_suffix("")
        package = len(inside.parts) > 1 and (self.app / inside.parts[0] / "__init__.py").exists()
        if len(inside.parts) > 1 and not package:
            return really(words)
        return calls.call(".".join(inside.parts), *given)


def program_of(module: str) -> str:
    """What `python -m module` runs."""
    package = getattr(importlib.import_module(module), "__path__", None)
    return f"{module}.__main__" if package else module


def really(words: list[str]) -> calls.Ended:
    """By a Python of its own."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    return calls.Ended(done.returncode, done.stdout, done.stderr)


def _end(shell: subprocess.Popen) -> None:
    """With all that it has started, which would keep the pipes open."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(shell.pid, signal.SIGKILL)


class _Reader:
    """All that a pipe brings, read beside everything else so that it never fills up."""

    def __init__(self, pipe):
        from threading import Thread

        self.text, self._pipe = "", pipe
        self._thread = Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        self.text = self._pipe.read()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()


def without_children(monkeypatch, *modules: str) -> None:
    """Let these children answer in this process: such tests are of scripts and files, not of times and peak memory."""
    real = child.run_child

    def run_child(module, arguments, *more, **others):
        if module in modules:
            return importlib.import_module(module).answer(**arguments)
        return real(module, arguments, *more, **others)

    monkeypatch.setattr(child, "run_child", run_child)
