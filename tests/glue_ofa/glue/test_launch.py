# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""--n_gpu: GPUs that are not there, and several of them."""

import sys

import common  # noqa: F401  before paddle

import pytest
from calls import call
from glue import launch
from tiny_glue import words


def test_a_gpu_that_is_not_there_is_refused_by_its_flag(tiny, tmp_path):
    if launch.gpus():
        pytest.skip("this machine has a GPU")
    for count in (1, 4):
        ended = call("run_glue", *words(tiny, tmp_path / "out", n_gpu=count))
        assert (
            ended.code == 3 and f"--n_gpu {count}: this Paddle or this machine has 0 GPUs; pass --n_gpu 0" in ended.err
        )


def test_several_gpus_become_paddles_launcher(monkeypatch):
    """What would be started on a machine with four."""
    started = []
    monkeypatch.setattr(launch, "gpus", lambda: 4)
    monkeypatch.setattr(launch.os, "execv", lambda program, command: started.append(command))
    monkeypatch.setattr(sys, "argv", ["run_glue.py", "--n_gpu", "3"])
    monkeypatch.delenv("PADDLE_TRAINER_ID", raising=False)
    launch.prepare(3)
    assert started[0][1:] == ["-m", "paddle.distributed.launch", "--gpus", "0,1,2", "run_glue.py", "--n_gpu", "3"]
    for count in (None, 0, 1):
        launch.prepare(count)
    launch.prepare(3, may_split=False)
    monkeypatch.setenv("PADDLE_TRAINER_ID", "0")
    launch.prepare(3)
    assert len(started) == 1
