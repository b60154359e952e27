# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Child processes that keep engines apart: one that clashes, crashes or holds memory does not touch ours."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from common.cli import EnvironmentLacks, UserError, one_line


def run_child(
    module: str,
    arguments: dict[str, Any],
    timeout: float = 600,
    folder: Path | str | None = None,
    environment: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Run `python -m module` in a process of its own and return its answer.

    The child reads `arguments` as JSON from stdin and prints a JSON object as the last line of stdout; `child_main`
    does both.

    Args:
        module: its name, as after `python -m`.
        arguments: what JSON can hold; the keyword arguments of the child's function.
        timeout: seconds to wait for the answer.
        folder: where the child works, and finds modules of an app; None: here.
        environment: variables that differ from ours; None as a value takes one away.

    Raises:
        UserError, EnvironmentLacks: the child ended with exit code 2 or 3; its last line on stderr is the message.
        RuntimeError: it crashed, ran longer than `timeout` seconds, or printed no JSON object.
    """
    command = [sys.executable, "-m", module]
    variables = {name: value for name, value in {**os.environ, **(environment or {})}.items() if value is not None}
    try:
        child = subprocess.run(
            command,
            input=json.dumps(arguments).encode(),
            capture_output=True,
            timeout=timeout,
            cwd=folder,
            env=variables,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{module}: no answer after {timeout:g} s") from None
    complaint = one_line(([""] + [line for line in _text(child.stderr).splitlines() if line.strip()])[-1])
    if child.returncode in (UserError.exit_code, EnvironmentLacks.exit_code):
        kind = UserError if child.returncode == UserError.exit_code else EnvironmentLacks
        raise kind(complaint.removeprefix("error: "))
    if child.returncode:
        code = child.returncode
        how = f"exit code {code}" if code > 0 else f"signal {signal.Signals(-code).name}"
        raise RuntimeError(f"{module}: ended with {how}: {complaint or 'it said nothing'}")
    try:
        answer = json.loads(_text(child.stdout).strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise RuntimeError(f"{module}: the last line of its output is not JSON: {complaint}") from None
    if not isinstance(answer, dict):
        raise RuntimeError(f"{module}: answered {answer!r:.60}, not an object")
    return answer


def child_main(function: Callable[..., dict[str, Any]]) -> None:
    """The child's side of `run_child`: call `function(**arguments)`, print its answer, exit as `cli.run` would."""
    arguments = json.load(sys.stdin)
    with os.fdopen(os.dup(1), "w") as pipe:
        os.dup2(2, 1)  # for good: C++ libraries may empty their buffers as late as at exit
        try:
            print(json.dumps(function(**arguments)), file=pipe)
        except (UserError, EnvironmentLacks) as problem:
            print(f"error: {one_line(problem)}", file=sys.stderr)
            sys.exit(problem.exit_code)


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """While this is open, what libraries print to stdout, from C++ too, goes to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
