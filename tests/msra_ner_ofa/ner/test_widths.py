# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""All widths in one training; run_msra_ner_ofa.py through its main."""

import shutil
import signal
import subprocess
import sys
import time

import common  # noqa: F401  before paddle
from common import files, parity

import numpy as np
import paddle
import pytest
from calls import call
from ner import export, model, widths
from tiny_ner import APP, ofa_words


def test_each_width_is_a_checkpoint_that_loads_without_flags(compressed):
    full, half = (model.load(compressed / f"model_{word}") for word in ("1.0", "0.5"))
    assert (full.config.layer_heads, full.config.layer_ffn) == ([4, 4], [64, 64])
    assert (half.config.layer_heads, half.config.layer_ffn) == ([2, 2], [32, 32])
    for word, stage in (("1.0", "width_1"), ("0.5", "width_0.5")):
        record = files.read_json(compressed / f"model_{word}" / "training.json")
        assert record["stage"] == stage and record["metrics"]["f1"] > 0.95


def test_the_teachers_lesson_is_of_characters_only():
    """Not of padding, [CLS] and [SEP]: there the teacher says nothing that is worth learning."""
    ids = paddle.to_tensor([[1, 5, 6, 2, 0, 0], [1, 7, 8, 9, 9, 2]])
    assert widths.characters(ids).numpy().tolist() == [[0, 1, 1, 0, 0, 0], [0, 1, 1, 1, 1, 0]]


def test_compression_never_opens_the_test_set(tiny, trained, tmp_path):
    """Upstream scores heads and chooses checkpoints on the test set."""
    data = tmp_path / "data"
    shutil.copytree(tiny.data, data)
    (data / "test.txt").unlink()
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, tmp_path / "out", data_dir=data, max_steps=1))
    assert ended.code == 0, ended.err
    assert {path.name for path in (tmp_path / "out").glob("model_*")} == {"model_1.0", "model_0.5"}


def test_folders_are_named_as_typed_and_a_short_run_saves_them(tiny, trained, tmp_path):
    typed = ("1.0", "0.8333333333333334", "0.50")
    changes = {"width_mult_list": typed, "max_steps": 1, "save_steps": 500}
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, tmp_path / "out", **changes))
    assert ended.code == 0, ended.err
    for word, heads in zip(typed, (4, 3, 2), strict=True):
        assert model.load(tmp_path / "out" / f"model_{word}").config.layer_heads == [heads, heads]


@pytest.mark.parametrize("off", ["reorder", "distill"])
def test_reordering_and_distillation_can_be_left_out(tiny, trained, tmp_path, off):
    """For the ablation: without either the weights come out otherwise, and the run still ends with models."""
    folders = {}
    for name, value in (("on", "True"), ("off", "False")):
        folders[name] = tmp_path / name
        words = ofa_words(tiny, trained, folders[name], max_steps=2, width_mult_list=("0.5",))
        assert call("run_msra_ner_ofa", *words, f"--{off}", value).code == 0
    first, second = (paddle.load(str(folder / "model_0.5" / "model_state.pdparams")) for folder in folders.values())
    assert any(not np.array_equal(first[name].numpy(), second[name].numpy()) for name in first)


def test_another_development_set_than_the_teachers_is_refused(tiny, trained, tmp_path):
    """The teacher has learnt sentences of it: what it chooses would look better than it is."""
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, tmp_path / "out", split_seed=1))
    assert ended.code == 2 and "was trained with another development set" in ended.err
    assert "split_seed 2018" in ended.err and ended.err.count("\n") == 1


def test_a_killed_run_resumes_to_the_same_models(tiny, trained, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    steps = {"save_steps": 4, "max_steps": 8, "learning_rate": 5e-3}
    assert call("run_msra_ner_ofa", *ofa_words(tiny, trained, whole, **steps)).code == 0
    words = [str(word) for word in ofa_words(tiny, trained, killed, **steps)]
    child = subprocess.Popen([sys.executable, str(APP / "run_msra_ner_ofa.py"), *words], stdout=subprocess.DEVNULL)
    work, deadline = killed / "super_network", time.time() + 300
    while not list(work.glob("checkpoint-*/.whole")) and child.poll() is None and time.time() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert list(work.glob("checkpoint-*")), "it was to be killed after a checkpoint"
    shutil.rmtree(work / "checkpoint-8", ignore_errors=True)  # where the kill came too late, take back the end
    resumed = call("run_msra_ner_ofa", *ofa_words(tiny, trained, killed, **steps, resume_from_checkpoint="last"))
    assert resumed.code == 0, resumed.err
    for name in ("model_1.0", "model_0.5"):
        first, second = (paddle.load(str(folder / name / "model_state.pdparams")) for folder in (whole, killed))
        assert all(np.array_equal(first[key].numpy(), second[key].numpy()) for key in first), name


def test_a_resumed_run_must_have_the_same_options(tiny, trained, compressed, tmp_path):
    shutil.copytree(compressed, tmp_path / "copy")
    words = ofa_words(tiny, trained, tmp_path / "copy", resume_from_checkpoint="last")
    ended = call("run_msra_ner_ofa", *words, "--distill", "False")
    assert ended.code == 2 and "--distill is False, but" in ended.err


def test_reordering_keeps_what_is_computed(trained):
    """Largest difference 1e-5 after the important heads and neurons were put first."""
    from common.compress import ofa

    network = model.load(trained / "model_best")
    ids = paddle.to_tensor([[1, 5, 8, 7, 2], [1, 6, 9, 2, 0]])
    before = [{"logits": network(ids).numpy()}]
    random = np.random.default_rng(0)
    scores = ofa.Importance([random.random(4) for _ in range(2)], [random.random(64) for _ in range(2)])
    ofa.reorder(model.encoder_of(network), scores)
    after = [{"logits": network(ids).numpy()}]
    assert parity.compare(before, after, export.KIND.decide).max_abs_diff < 1e-5
