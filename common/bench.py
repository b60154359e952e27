# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Measuring: latency after a real warm-up, peak memory, equal answers, and child processes that keep engines apart."""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from common import machine as _machine
from common.cli import EnvironmentLacks, UserError, one_line

import numpy as np

peak_rss_mb = _machine.peak_rss_mb
machine = _machine.describe


def measure(function: Callable[[Any], Any], items: Sequence[Any], warmup: int, repeats: int) -> dict[str, float]:
    """Time each call `function(item)`.

    Args:
        function: what is timed; everything it does counts.
        items: at least one; every pass goes through all of them in order.
        warmup: passes over all items before the clock counts, at least one.
        repeats: passes that are timed.

    Returns:
        p50, p95 and mean of all timed calls in milliseconds, and "calls", how many there were.

    Raises:
        ValueError: no items, or no pass to warm up or to time.
    """
    if not len(items) or warmup < 1 or repeats < 1:
        raise ValueError(
            f"{len(items)} items, {warmup} warm-up passes, {repeats} timed passes: each must be at least 1"
        )
    for _ in range(warmup):
        for item in items:
            function(item)
    gc.collect()
    clock = time.perf_counter_ns
    spent = []
    for _ in range(repeats):
        for item in items:
            begin = clock()
            function(item)
            spent.append(clock() - begin)
    times = np.array(spent) / 1e6
    p50, p95 = np.percentile(times, (50, 95))
    return {"p50": float(p50), "p95": float(p95), "mean": float(times.mean()), "calls": len(spent)}


def same_answers(function: Callable[[Any], Any], items: Sequence[Any]) -> bool:
    """Whether two passes over the items give the same answers, bit for bit; a wrong INT8 path often does not."""
    first = [function(item) for item in items]
    return all(_equal(before, function(item)) for before, item in zip(first, items, strict=True))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_equal(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(np.array_equal(one, other))


def run_child(
    module: str,
    arguments: dict[str, Any],
    timeout: float = 600,
    folder: Path | str | None = None,
    environment: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Run `python -m module` and give back what it answers: engines that clash, crash or hold memory stay apart.

    The child reads `arguments` as JSON from stdin and prints a JSON object as the last line of stdout; `child_main`
    does both.

    Args:
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
    """What libraries print to stdout meanwhile, from C++ too, goes to stderr."""
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
