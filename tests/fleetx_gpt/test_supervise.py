# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
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
from fleetx.parallel import supervise
from fleetx.state import checkpoints, weights

TOOL = tiny.CONFIGS.parent / "tools" / "supervise.py"
CONFIG = tiny.CONFIGS / "small" / "gpt_tiny.yaml"
PATIENCE = 1200  # seconds


def run_of(data, tmp_path, **changes):
    settings = tiny.settings(data, tmp_path / "output", **changes)
    return supervise.Run(settings, ["-c", "x.yaml"], tmp_path / "log", ["--devices=0,1"])


def whole(folder: Path, step: int) -> None:
    (folder / f"epoch_0_step_{step}").mkdir(parents=True)
    (folder / f"epoch_0_step_{step}" / checkpoints.MANIFEST).write_text("{}", encoding="utf-8")


def fake(monkeypatch, codes, made):
    """Starts that end with the codes one after the other; `made` is called with the number of each."""
    started = []

    def once(run, words, attempt):
        started.append(words)
        made(attempt)
        return codes[attempt]

    monkeypatch.setattr(supervise, "_once", once)
    return started


def test_words_of_a_start(data, tmp_path):
    alone = run_of(data, tmp_path)
    assert alone.command(0, False) == [sys.executable, str(supervise.TRAIN), "-c", "x.yaml"]
    assert alone.command(1, True)[-2:] == ["-o", f"Engine.save_load.ckpt_dir={tmp_path / 'output'}"]
    two = run_of(data, tmp_path, Distributed__dp_degree=2, Global__global_batch_size=16).command(1, False)
    launcher = ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir"]
    assert two[1:7] == [*launcher, str(tmp_path / "log" / "start_1")]
    assert two[7:9] == ["--devices=0,1", str(supervise.TRAIN)]


def test_it_goes_on_from_what_was_written_since(data, tmp_path, monkeypatch, capsys):
    run = run_of(data, tmp_path)
    whole(run.output, 90)  # of another run, an hour ago
    os.utime(run.output / "epoch_0_step_90" / checkpoints.MANIFEST, (time.time() - 3600,) * 2)
    started = fake(monkeypatch, [137, 1, 0], lambda attempt: attempt == 1 and whole(run.output, 4))
    assert supervise.supervise(run, 3) == 0
    assert [any("ckpt_dir" in word for word in words) for words in started] == [False, False, True]
    told = capsys.readouterr().out
    assert "exit code 137; start 2 of 4 at most, from the beginning" in told
    assert "exit code 1; start 3 of 4 at most, from epoch_0_step_4" in told


@pytest.mark.parametrize(("codes", "starts"), [([2], 1), ([3], 1), ([1, 2], 2), ([1, 137, 1], 3)])
def test_it_gives_up(data, tmp_path, monkeypatch, codes, starts):
    """At once when the settings or the machine are wrong, and when the starts are used up."""
    started = fake(monkeypatch, codes, lambda attempt: None)
    assert supervise.supervise(run_of(data, tmp_path), 2) == codes[-1] and len(started) == starts


def test_what_is_stuck_is_ended(data, tmp_path, capsys):
    run = run_of(data, tmp_path)
    run.silence = 0.5
    begun = time.time()
    assert supervise._once(run, [sys.executable, "-c", "import time; time.sleep(600)"], 0) == 1
    assert time.time() - begun < 300 and "taken for stuck" in capsys.readouterr().out
    run.silence = 0
    assert supervise._once(run, [sys.executable, "-c", "import sys; sys.exit(7)"], 1) == 7
    killed = "import os; os.kill(os.getpid(), 9)"
    assert supervise._once(run, [sys.executable, "-c", killed], 2) == 137


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
