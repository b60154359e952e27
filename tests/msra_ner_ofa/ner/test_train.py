# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a fine-tuning learns, keeps and resumes; run_msra_ner.py through its main."""

import re
import shutil
import signal
import subprocess
import sys
import time

import common  # noqa: F401  before paddle
from common import files

import pytest
from calls import call
from tiny_ner import APP, LABELS, LENGTH, sentences, train_words
from weights import same_weights


def test_training_learns_and_records_itself(trained):
    record = files.read_json(trained / "model_best" / "training.json")
    assert record["metrics"]["f1"] > 0.95 and record["metrics"]["f1_strict"] > 0.9
    assert record["labels"] == LABELS and record["max_seq_length"] == LENGTH and record["stage"] == "original"
    assert [data["path"].rsplit("/", 1)[1] for data in record["data"]] == ["train.txt"]


def test_the_test_set_is_never_opened_by_training(tiny, tmp_path):
    """Upstream chooses its best checkpoint on the set it reports. Here training works without there being one."""
    data = tmp_path / "data"
    shutil.copytree(tiny.data, data)
    (data / "test.txt").unlink()
    ended = call("run_msra_ner", *train_words(tiny, tmp_path / "out", data_dir=data, max_steps=2))
    assert ended.code == 0, ended.err
    again = call("run_msra_ner", *train_words(tiny, tmp_path / "with", max_steps=2))
    assert again.code == 0 and same_weights(tmp_path / "out" / "model_best", tmp_path / "with" / "model_best")


def test_a_short_run_saves_its_model(tiny, tmp_path):
    """Upstream saves every --save_steps only: a run of one step ended with nothing."""
    ended = call("run_msra_ner", *train_words(tiny, tmp_path / "out", max_steps=1, save_steps=500))
    assert ended.code == 0, ended.err
    assert {"config.json", "model_state.pdparams", "vocab.txt", "training.json", "gate.txt", "gate.npz"} <= {
        path.name for path in (tmp_path / "out" / "model_best").iterdir()
    }


def test_a_killed_run_resumes_to_the_same_weights(tiny, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    steps = {"save_steps": 4, "num_train_epochs": 2}
    assert call("run_msra_ner", *train_words(tiny, whole, **steps)).code == 0
    words = [str(word) for word in train_words(tiny, killed, **steps)]
    child = subprocess.Popen([sys.executable, str(APP / "run_msra_ner.py"), *words], stdout=subprocess.DEVNULL)
    deadline = time.time() + 300
    while not list(killed.glob("checkpoint-*/.whole")) and child.poll() is None and time.time() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert list(killed.glob("checkpoint-*")), "it was to be killed after a checkpoint"
    shutil.rmtree(killed / "checkpoint-16", ignore_errors=True)  # where the kill came too late, take back the end
    resumed = call("run_msra_ner", *train_words(tiny, killed, **steps, resume_from_checkpoint="last"))
    assert resumed.code == 0, resumed.err
    assert same_weights(whole / "model_best", killed / "model_best")


@pytest.mark.slow
def test_two_processes_give_the_loss_of_one(tiny, tmp_path):
    """Data-parallel on the CPU: two processes with 8 rows each are one process with 16.

    Each averages over its own characters, and the two averages are averaged: rows of one length make both the same.
    """
    data = tmp_path / "data"
    shutil.copytree(tiny.data, data)
    same = [pairs for pairs in sentences() if len(pairs) == 12]
    import tiny_ner

    files.write_text(data / "train.txt", tiny_ner.written(same))
    losses = {}
    for name, launcher, batch in (
        ("one", [], 16),
        ("two", ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")], 8),
    ):
        changes = {
            "batch_size": batch,
            "max_steps": 6,
            "logging_steps": 1,
            "data_dir": data,
            "dev_path": data / "test.txt",
        }
        command = [
            sys.executable,
            *launcher,
            str(APP / "run_msra_ner.py"),
            *map(str, train_words(tiny, tmp_path / name, **changes)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=900)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        losses[name] = [float(loss) for loss in re.findall(r"step \d+ of 6: loss ([\d.]+)", done.stdout)]
        assert len(losses[name]) == 6
        assert (tmp_path / name / "model_best" / "training.json").exists()
    assert losses["two"] == pytest.approx(losses["one"], abs=2e-5)
