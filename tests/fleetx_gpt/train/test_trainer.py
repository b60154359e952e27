# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The training loop."""

import math

import common  # noqa: F401  before paddle
from common import files
from common.cli import UserError

import numpy as np
import pytest
import tiny
from fleetx.serve import evaluation
from fleetx.state import checkpoints, weights
from fleetx.train import run


def arrays(folder):
    found = checkpoints.open_folder(folder)
    return found.arrays(), weights.read(found.folder / checkpoints.OPTIMIZER)


def same(first, second):
    assert first.keys() == second.keys() and first
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_training_learns_and_says_so(data, dense, capsys):
    kept = [path.name for path in checkpoints.inside(dense)]
    assert kept == ["epoch_1_step_20", "epoch_3_step_40"]
    manifest = files.read_json(dense / kept[-1] / checkpoints.MANIFEST)
    assert manifest["progress"]["step"] == 40 and manifest["settings"]["Global"]["seed"] == 1024
    assert set(manifest["files"]) == {"model.safetensors", "optimizer.safetensors", "vocab.json", "merges.txt"}
    settings = tiny.settings(
        data, dense, Engine__save_load__ckpt_dir=dense, Offline_Eval__eval_path=data / "data" / "story.txt"
    )
    figures = evaluation.run(settings)
    assert figures["loss"] < 2.2 and figures["perplexity"] == pytest.approx(math.exp(figures["loss"]))


def test_a_resumed_run_is_the_uninterrupted_one(data, tmp_path, capsys):
    """Weights, moments and the last figures, bit for bit, with dropout and shuffled rows, over an epoch's end."""
    one = run.train(tiny.settings(data, tmp_path / "one", Engine__max_steps=16))
    told = capsys.readouterr().out
    assert "step 5/16  loss " in told and "tokens/s" in told and "eval at step 10: loss" in told
    run.train(tiny.settings(data, tmp_path / "two", Engine__max_steps=10))
    go_on = {"Engine__save_load__ckpt_dir": tmp_path / "two", "Engine__max_steps": 16}
    two = run.train(tiny.settings(data, tmp_path / "two", **go_on))
    assert "from step 10" in capsys.readouterr().out
    assert one == two and set(one) == {"loss", "perplexity", "accuracy"}
    for first, second in zip(arrays(tmp_path / "one"), arrays(tmp_path / "two"), strict=True):
        assert same(first, second)
    done = run.train(tiny.settings(data, tmp_path / "two", **go_on))
    assert done == {} and len(checkpoints.inside(tmp_path / "two")) == 2
    with pytest.raises(
        UserError, match=r"-o Optimizer.lr.max_lr: Optimizer.lr.max_lr: is 0.1, but .* with 0.003; pass"
    ):
        run.train(tiny.settings(data, tmp_path / "two", **go_on, Optimizer__lr__max_lr=0.1))


def test_epochs_and_the_checkpoints_that_are_kept(data, tmp_path):
    changes = {
        "Engine__run_mode": "epoch",
        "Engine__num_train_epochs": 3,
        "Engine__save_load__keep": 2,
        "Engine__visualdl": True,
    }
    short = {"Data__Train__dataset__split": "[20, 76, 4]", "Data__Eval__dataset__split": "[20, 76, 4]"}
    trainer = run.trainer_of(tiny.settings(data, tmp_path, **changes, **short))
    steps = trainer.order.steps_per_epoch
    assert steps == 3
    trainer.run()
    assert any((tmp_path / "visualdl").iterdir())
    names = [path.name for path in checkpoints.inside(tmp_path)]
    assert names == [f"epoch_2_step_{2 * steps}", f"epoch_3_step_{3 * steps}"]


def test_a_loss_that_is_no_number(data, tmp_path):
    with pytest.raises(UserError, match=r"the loss is nan; lower Optimizer.lr.max_lr"):
        run.train(tiny.settings(data, tmp_path, Optimizer__lr__max_lr=1e30, Optimizer__lr__warmup_rate=0))
    assert checkpoints.inside(tmp_path) == []


def test_a_vit_is_trained_and_scored(data, tmp_path):
    changes = {
        "Data__Train__dataset__input_dir": data / "images.npz",
        "Data__Eval__dataset__input_dir": data / "images.npz",
    }
    figures = run.train(tiny.settings(data, tmp_path, "vit_tiny", **changes))
    assert set(figures) == {"loss", "accuracy"}
    scored = {"Engine__save_load__ckpt_dir": tmp_path, "Offline_Eval__eval_path": data / "images.npz"}
    found = evaluation.run(tiny.settings(data, tmp_path, "vit_tiny", **changes, **scored))
    assert found["images"] == 21 and 0 <= found["accuracy"] <= 1
    run.train(tiny.settings(data, tmp_path / "two", "vit_tiny", **changes, Engine__max_steps=10))
    go_on = {"Engine__save_load__ckpt_dir": tmp_path / "two"}
    run.train(tiny.settings(data, tmp_path / "two", "vit_tiny", **changes, **go_on))
    assert same(arrays(tmp_path)[0], arrays(tmp_path / "two")[0])
