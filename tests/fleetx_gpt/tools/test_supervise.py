# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""tools/supervise.py as a program: mistakes and killed workers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import common  # noqa: F401  before paddle

import numpy as np
import pytest
import tiny
from fleetx.state import checkpoints, weights

TOOL = tiny.CONFIGS.parent / "tools" / "supervise.py"
CONFIG = tiny.CONFIGS / "small" / "gpt_tiny.yaml"
PATIENCE = 1200  # seconds


def test_mistakes_are_told_once(data, tmp_path):
    words = ["-c", CONFIG, "-o", "Engine.max_stepz=3", "--log_dir", tmp_path]
    ended = subprocess.run([sys.executable, TOOL, *map(str, words)], capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and "did you mean `max_steps`" in ended.stderr
    ended = subprocess.run([sys.executable, TOOL, "-c", CONFIG, "--silence", "5"], capture_output=True, text=True)
    assert ended.returncode == 2 and "--silence looks at the logs of several processes" in ended.stderr


def workers(supervisor: int) -> list[int]:
    """The processes two generations below: the launcher's children."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        parents[int(path.parent.name)] = int(fields[1])
    return sorted(pid for pid, parent in parents.items() if parents.get(parent) == supervisor)


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(data, tmp_path):
    """Two processes, one killed behind a checkpoint: the end is that of an undisturbed run, bit for bit."""
    found = {}
    for name in ("undisturbed", "killed"):
        changes = {
            "Distributed__dp_degree": 2, "Global__global_batch_size": 8, "Global__local_batch_size": "None",
            "Engine__max_steps": 24, "Engine__save_load__save_steps": 4, "Engine__eval_freq": 1000,
        }  # fmt: skip
        overrides = tiny.words(data, tmp_path / name, **changes)
        words = ["-c", CONFIG, *(word for each in overrides for word in ("-o", each))]
        words += ["--log_dir", tmp_path / f"log_{name}", "--silence", 600]
        log = tmp_path / "told"
        with log.open("w") as stream:
            running = subprocess.Popen(
                [sys.executable, TOOL, *map(str, words)],
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                cwd=tmp_path,
            )
            if name == "killed":
                until = time.time() + PATIENCE
                while not checkpoints.inside(tmp_path / name):
                    assert time.time() < until and running.poll() is None, log.read_text()
                    time.sleep(0.01)
                os.kill(workers(running.pid)[-1], signal.SIGKILL)
            assert running.wait(PATIENCE) == 0, log.read_text()[-2000:]
        assert ("start 2 of 4 at most, from epoch_" in log.read_text()) == (name == "killed")
        last = checkpoints.open_folder(tmp_path / name)
        assert last.progress["step"] == 24
        found[name] = last.arrays() | weights.read(last.folder / checkpoints.OPTIMIZER)
    assert found["killed"].keys() == found["undisturbed"].keys()
    assert all(np.array_equal(found["killed"][key], array) for key, array in found["undisturbed"].items())
