# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Trainings by several processes for the tests: all of a list by one start of the processes, which is what costs."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import tiny

CHILD = Path(__file__).resolve().parent / "several_child.py"
PATIENCE = 900  # seconds; a machine that is busy otherwise may stop them for long
ATTEMPTS = 3  # gloo's rendezvous fails now and then


def started(words: list, count: int, log: Path, patience: float = PATIENCE) -> subprocess.CompletedProcess:
    """`python WORDS` in `count` processes; ended with all its children when it takes too long."""
    launch = [sys.executable, "-m", "paddle.distributed.launch", "--nproc_per_node", str(count), "--log_dir", str(log)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(
        [*launch, *map(str, words)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        told, _ = running.communicate(timeout=patience)
        return subprocess.CompletedProcess(launch, running.returncode, told)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(launch, None, "took too long")
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)


def logs(folder: Path) -> str:
    return "\n".join(path.read_text(errors="replace")[-3000:] for path in sorted(folder.glob("workerlog.*")))


def train(folder: Path, jobs: dict[str, list[str]], config: str = "gpt_tiny", count: int = 2) -> dict[str, list[dict]]:
    """Each job's figures from every process; see several_child.py.

    Args:
        jobs: name -> `-o` values; of the same degrees in all of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = {"config": str(tiny.CONFIGS / "small" / f"{config}.yaml"), "jobs": jobs}
    (folder / "jobs.json").write_text(json.dumps(content), encoding="utf-8")
    for attempt in range(ATTEMPTS):
        ended = started([CHILD, folder], count, folder / f"log{attempt}")
        if ended.returncode == 0:
            break
        met = len(list(folder.glob("met.*"))) == count
        assert not met and attempt + 1 < ATTEMPTS, logs(folder / f"log{attempt}")
    found = [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in range(count)]
    return {name: [each[name] for each in found] for name in jobs}
