# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The steps of a run: training, evaluating, saving, resuming."""

import shutil

from common import files
from common.train import resume

import pytest
import tiny_app
from model import JointErnie
from tiny_app import words
from trained_runs import parameters, printed_scores, same

SCORES = ["loss", "accuracy", "intent_accuracy", "slot_accuracy", "slot_precision", "slot_recall", "slot_f1"]
SHORT = {"max_steps": 4, "save_steps": 2}


def test_what_made_a_checkpoint_is_written_beside_it(trained, tiny):
    record = files.read_json(trained / "training.json")
    assert record["stage"] == "vocabulary" and record["seed"] == 42
    assert [(data["path"], data["rows"]) for data in record["data"]] == [(str(tiny.train), 75), (str(tiny.dev), 25)]
    assert record["data"][0]["sha256"] == files.sha256(tiny.train)
    assert record["metrics"]["accuracy"] == 1.0
    assert record["arguments"]["learning_rate"] == "0.01"


def test_evaluating_a_checkpoint_without_training(trained, tiny, tmp_path):
    """The document's evaluation of the dynamic graph: the same command without --do_train and --do_export."""
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=trained))
    assert ended.code == 0, ended.err
    now, then = (
        printed_scores(ended.out, "vocabulary"),
        printed_scores((trained / "stdout.txt").read_text(), "vocabulary"),
    )
    assert now == pytest.approx(then, abs=1e-4)
    assert not (tmp_path / "out" / "model_state.pdparams").exists()


def test_training_alone_saves_a_checkpoint_that_loads(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_train", **SHORT))
    assert ended.code == 0, ended.err
    model = JointErnie.from_pretrained(str(tmp_path / "out"))
    assert model.config.vocab_size == 280
    assert not (tmp_path / "out" / "bundle").exists()


def test_fewer_steps_than_save_steps_still_save(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_train", max_steps=2, save_steps=100))
    assert ended.code == 0, ended.err
    assert resume.last_whole_checkpoint(tmp_path / "out").name == "checkpoint-2"
    assert same(parameters(tmp_path / "out"), parameters(tmp_path / "out" / "checkpoint-2"))


def test_the_best_checkpoint_is_taken_at_the_end(trained):
    state = files.read_json(resume.last_whole_checkpoint(trained) / "trainer_state.json")
    scores = [entry["eval_accuracy"] for entry in state["log_history"] if "eval_accuracy" in entry]
    assert len(scores) == 3 and state["best_metric"] == max(scores)
    assert same(parameters(trained), parameters(state["best_model_checkpoint"]))


def test_a_resumed_run_ends_as_an_uninterrupted_one(tiny, tmp_path):
    more = ["--do_train", "--do_eval"]
    steps = {"save_steps": 5, "learning_rate": 3e-3, "lr_scheduler_type": "constant"}
    whole = tiny_app.train(words(tiny, tmp_path / "whole", *more, max_steps=10, **steps))
    assert whole.code == 0, whole.err
    # What a kill after step 5 leaves: checkpoint-5, the run's configuration, nothing of the end.
    for name in ("checkpoint-5", "configuration.json"):
        source, target = tmp_path / "whole" / name, tmp_path / "broken" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (tmp_path / "broken" / "checkpoint-10").mkdir()  # and a folder that was being written
    resume = ["--resume_from_checkpoint", "last"]
    resumed = tiny_app.train(words(tiny, tmp_path / "broken", *more, *resume, max_steps=10, **steps))
    assert resumed.code == 0, resumed.err
    assert printed_scores(resumed.out, "original") == printed_scores(whole.out, "original")
    assert same(parameters(tmp_path / "whole"), parameters(tmp_path / "broken"))


def test_resuming_where_there_is_nothing_yet_begins(tiny, tmp_path):
    more = ["--do_train", "--resume_from_checkpoint", "last"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *more, max_steps=1, save_steps=1))
    assert ended.code == 0, ended.err
