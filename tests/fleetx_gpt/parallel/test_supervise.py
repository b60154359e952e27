# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A training that is started again."""

import os
import sys
import time
from pathlib import Path

import common  # noqa: F401  before paddle

import pytest
import tiny
from fleetx.parallel import supervise
from fleetx.state import checkpoints


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
