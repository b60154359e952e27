# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fine-tuning: weights move, a killed run resumes, two processes are one, other options are refused."""

import re
import shutil
import signal
import subprocess
import sys
import time

import common  # noqa: F401  before paddle

import numpy as np
import paddle
import pytest
from calls import call
from tiny_aspects import APP, train_words
from weights import same_weights, state_of


def test_every_weight_moves_in_one_step(tiny, tmp_path):
    started, after = tmp_path / "a", tmp_path / "b"
    for folder, steps in ((started, 1), (after, 2)):
        words = train_words(tiny, folder, num_epochs=None, max_steps=steps, warmup_proportion=0.0, learning_rate=1e-2)
        assert call("train", *words).code == 0
    first, second = state_of(started), state_of(after)
    unmoved = [name for name in first if np.array_equal(first[name].numpy(), second[name].numpy())]
    assert not unmoved


def test_a_killed_run_resumes_to_the_same_weights(tiny, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    steps = {"eval_steps": 4, "num_epochs": 2}
    assert call("train", *train_words(tiny, whole, **steps)).code == 0
    words = [str(word) for word in train_words(tiny, killed, **steps)]
    child = subprocess.Popen([sys.executable, str(APP / "train.py"), *words], stdout=subprocess.DEVNULL)
    deadline = time.time() + 120
    while not list(killed.glob("checkpoint-*/.whole")) and child.poll() is None and time.time() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert list(killed.glob("checkpoint-*")), "it was to be killed after a checkpoint"
    shutil.rmtree(killed / "checkpoint-24", ignore_errors=True)  # where the kill came too late, take back the end
    resumed = call("train", *train_words(tiny, killed, **steps, resume_from_checkpoint="last"))
    assert resumed.code == 0, resumed.err
    assert same_weights(whole, killed)


@pytest.mark.slow
def test_two_processes_give_the_loss_of_one(tiny, tmp_path):
    """Data-parallel on the CPU: two processes with 8 rows each are one process with 16."""
    losses = {}
    for name, launcher, batch in (
        ("one", [], 16),
        ("two", ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")], 8),
    ):
        words = train_words(tiny, tmp_path / name, batch_size=batch, num_epochs=None, max_steps=8, log_steps=1)
        command = [sys.executable, *launcher, str(APP / "train.py"), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=600)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        losses[name] = [float(loss) for loss in re.findall(r"step \d+ of 8: loss ([\d.]+)", done.stdout)]
        assert len(losses[name]) == 8
        assert (tmp_path / name / "training.json").exists()
    assert losses["two"] == pytest.approx(losses["one"], abs=2e-5)


def test_a_folder_with_something_in_it_is_not_overwritten(tiny, trained):
    ended = call("train", *train_words(tiny, trained))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err


def test_a_resumed_run_must_have_the_same_options(tiny, trained):
    ended = call("train", *train_words(tiny, trained, resume_from_checkpoint="last", max_seq_len=40))
    assert ended.code == 2 and "--max_seq_len is 40" in ended.err


def test_a_gpu_that_is_not_there_is_refused(tiny, tmp_path):
    if paddle.is_compiled_with_cuda():
        pytest.skip("this Paddle has GPU support")
    ended = call("train", *train_words(tiny, tmp_path / "out", device="gpu"))
    assert ended.code == 3 and "--device gpu" in ended.err
