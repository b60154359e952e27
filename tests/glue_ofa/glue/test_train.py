# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a fine-tuning learns, chooses, keeps and resumes; run_glue.py through its main."""

import re
import shutil
import subprocess
import sys

import common  # noqa: F401  before paddle
from common import files

import pytest
from calls import call
from tiny_glue import APP, words
from weights import same_weights


def test_training_learns_and_records_itself(tiny, tuned):
    record = files.read_json(tuned / "training.json")
    assert (record["app"], record["task"], record["stage"]) == ("glue_ofa", "SST-2", "original")
    assert record["dev"]["accuracy"] > 0.9 and record["metrics"]["score"] > 0.9
    assert record["selection_fraction"] == 0.25 and record["data_dir"] == str(tiny.data.resolve())
    assert [each["rows"] for each in record["data"]] == [97, 33]  # header and all
    assert "72 rows to train on, 24 held back" in (tuned / "stdout.txt").read_text()


def test_the_reported_split_chooses_nothing(tiny, tuned, tmp_path):
    """Upstream picked the best checkpoint on the split it reports. Here another dev set changes no weight."""
    folder = tmp_path / "data"
    shutil.copytree(tiny.data, folder)
    lines = (folder / "SST-2" / "dev.tsv").read_text().splitlines(keepends=True)
    turned = [line.replace("\t1\n", "\t?\n").replace("\t0\n", "\t1\n").replace("\t?\n", "\t0\n") for line in lines]
    (folder / "SST-2" / "dev.tsv").write_text("".join(turned))
    ended = call("run_glue", *words(tiny, tmp_path / "out", data_dir=folder))
    assert ended.code == 0, ended.err
    assert same_weights(tuned, tmp_path / "out")
    assert files.read_json(tmp_path / "out" / "training.json")["dev"]["accuracy"] < 0.1


def test_without_a_slice_dev_chooses_and_it_is_said(tiny, tmp_path):
    ended = call("run_glue", *words(tiny, tmp_path / "out", selection_fraction=0, max_steps=2))
    assert ended.code == 0, ended.err
    assert "checkpoints are chosen on dev, which is reported too, so its figures are optimistic" in ended.out


def test_a_short_run_saves_and_evaluates(tiny, tmp_path):
    """Upstream saves at multiples of --save_steps alone: a run of three steps left nothing."""
    ended = call("run_glue", *words(tiny, tmp_path / "out", max_steps=3, save_steps=100))
    assert ended.code == 0, ended.err
    assert (tmp_path / "out" / "checkpoint-3" / ".whole").exists()
    assert (tmp_path / "out" / "model_state.pdparams").exists() and "SST-2 dev: accuracy" in ended.out


def test_visualdl_gets_the_curves(tiny, tmp_path):
    changes = {"max_steps": 3, "logging_steps": 1, "report_to": "visualdl"}
    ended = call("run_glue", *words(tiny, tmp_path / "out", **changes))
    assert ended.code == 0, ended.err
    from visualdl import LogReader  # slow to import

    (log,) = (tmp_path / "out").rglob("vdlrecords.*.log")
    curves = LogReader(file_path=str(log)).get_tags()["scalar"]
    assert {"train/loss", "eval/accuracy"} <= set(curves)


def test_an_interrupted_run_goes_on_to_the_same_weights(tiny, tuned, tmp_path):
    """As after a kill: only the first checkpoint and the options' record are left."""
    folder = tmp_path / "out"
    assert call("run_glue", *words(tiny, folder)).code == 0
    kept = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    assert kept
    ended = call("run_glue", *words(tiny, folder, resume_from_checkpoint="last"))
    assert ended.code == 0 and same_weights(tuned, folder)
    ended = call("run_glue", *words(tiny, folder, resume_from_checkpoint="last", task_name="mnli"))
    assert ended.code == 2 and "--task_name is MNLI, but" in ended.err


@pytest.mark.slow
def test_two_processes_give_the_loss_of_one(tiny, tmp_path):
    """Data-parallel on the CPU: two processes with 8 rows each are one process with 16."""
    losses = {}
    launcher = ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")]
    for name, before, batch in (("one", [], 16), ("two", launcher, 8)):
        given = words(tiny, tmp_path / name, batch_size=batch, max_steps=6, logging_steps=1)
        command = [sys.executable, *before, str(APP / "run_glue.py"), *map(str, given)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=900)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        losses[name] = [float(loss) for loss in re.findall(r"step \d+ of 6: loss ([\d.]+)", done.stdout)]
        assert len(losses[name]) == 6
    assert losses["two"] == pytest.approx(losses["one"], abs=2e-5)
