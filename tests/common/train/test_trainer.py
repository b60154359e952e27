# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import json
import shutil
import subprocess
import sys
from pathlib import Path

from common.cli import EnvironmentLacks, UserError
from common.train import resume, trainer

import numpy as np
import paddle
import pytest
from tiny_training import TinyTrainer, run

STEPS = 20  # of a whole run: 40 rows, 4 a batch, 2 epochs


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run with all its checkpoints."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder)


def test_a_run_trains_and_saves(whole):
    folder, result = whole
    assert result["steps"] == STEPS
    saved = sorted(int(path.parent.name.removeprefix("checkpoint-")) for path in folder.glob("checkpoint-*/.whole"))
    assert saved == [5, 10, 15, 20]
    assert resume.last_whole_checkpoint(folder).name == "checkpoint-20"
    assert np.isfinite(result["metrics"]["eval_loss"])


def test_the_same_run_again_is_equal_and_another_seed_is_not(whole, tmp_path):
    assert run(tmp_path / "same", save_steps=20)["weights"] == whole[1]["weights"]
    assert run(tmp_path / "other", save_steps=20, seed=7)["weights"] != whole[1]["weights"]


@pytest.mark.parametrize("step", [5, 10, 15, 20], ids=["middle", "edge", "second middle", "end"])
def test_resuming_gives_the_same_weights_bit_by_bit(whole, step, tmp_path):
    """With dropout on; Paddle 2.6 cannot restore a saved random state, so that each step has a seed of its own."""
    folder, result = whole
    shutil.copytree(folder / f"checkpoint-{step}", tmp_path / f"checkpoint-{step}")
    shutil.copy(folder / resume.CONFIGURATION, tmp_path)
    again = run(tmp_path, resume_from_checkpoint="last")
    assert again["steps"] == STEPS
    assert again["weights"] == result["weights"]
    assert again["metrics"] == result["metrics"]


def test_dropout_is_really_on(whole, tmp_path, monkeypatch):
    """Without a seed per step the weights differ, so that the test above can fail."""
    folder, result = whole
    monkeypatch.setattr(trainer.SeedEachStep, "on_step_begin", lambda *_, **__: None)
    shutil.copytree(folder / "checkpoint-10", tmp_path / "checkpoint-10")
    assert run(tmp_path, resume_from_checkpoint="last")["weights"] != result["weights"]


def test_the_optimiser_state_finds_its_weights_under_other_names():
    state = {"linear_1.w_0_moment1_0": 1, "linear_1.w_01_moment1_0": 2, "LR_Scheduler": 3}
    state["master_weights"] = {"linear_1.w_0": 4}
    names = {"linear_1.w_0": "linear_9.w_0", "linear_1.w_01": "linear_1.w_0"}
    assert trainer.renamed(state, names) == {
        "linear_9.w_0_moment1_0": 1,
        "linear_1.w_0_moment1_0": 2,
        "LR_Scheduler": 3,
        "master_weights": {"linear_9.w_0": 4},
    }


@pytest.mark.parametrize("step", [1, 3, 4, 6])
def test_resuming_with_accumulated_gradients(step, tmp_path):
    """10 batches, 3 a step: one batch per epoch makes no step, and its gradient must not reach the next epoch."""
    changes = {"gradient_accumulation_steps": 3, "save_steps": 1}
    result = run(tmp_path / "whole", **changes)
    assert result["steps"] == 6
    shutil.copytree(tmp_path / "whole" / f"checkpoint-{step}", tmp_path / "part" / f"checkpoint-{step}")
    again = run(tmp_path / "part", resume_from_checkpoint="last", **changes)
    assert again["weights"] == result["weights"]


def test_a_run_that_was_done_trains_no_step_more(tmp_path):
    """Step 7 lies in the middle of an epoch: PaddleNLP's Trainer would go on to step 8."""
    first = run(tmp_path, max_steps=7)
    again = run(tmp_path, max_steps=7, resume_from_checkpoint="last")
    assert first["steps"] == again["steps"] == 7
    assert again["weights"] == first["weights"]


def test_a_run_shorter_than_save_steps_is_saved_and_evaluated(tmp_path):
    result = run(tmp_path, max_steps=3, save_steps=100)
    assert resume.last_whole_checkpoint(tmp_path).name == "checkpoint-3"
    history = result["trainer"].state.log_history
    assert [entry["step"] for entry in history if "eval_loss" in entry][:1] == [3]


def test_the_last_step_counts_for_the_best_checkpoint(tmp_path):
    result = run(tmp_path, max_steps=7, load_best_model_at_end=True, metric_for_best_model="eval_loss")
    evaluated = {
        entry["step"]: entry["eval_loss"] for entry in result["trainer"].state.log_history if "eval_loss" in entry
    }
    assert set(evaluated) == {5, 7}
    assert result["metrics"]["eval_loss"] == pytest.approx(min(evaluated.values()), abs=1e-6)


def test_a_loss_that_is_no_number_names_the_step(tmp_path, monkeypatch):
    monkeypatch.setattr(TinyTrainer, "spoil_at", 4)
    with pytest.raises(UserError, match="the loss is nan at step 4; lower --learning_rate"):
        run(tmp_path)


def test_an_asked_device_must_be_there():
    assert trainer.set_device("cpu") == "cpu"
    if paddle.is_compiled_with_cuda():
        pytest.skip("this Paddle has CUDA")
    assert trainer.set_device(None) == "cpu"
    for device in ("gpu", "gpu:0", "xpu"):
        with pytest.raises(EnvironmentLacks, match=f"--device {device}: .*pass --device cpu"):
            trainer.set_device(device)
    with pytest.raises(UserError, match="--device must be cpu, gpu or xpu, got tpu"):
        trainer.set_device("tpu")


def test_a_kill_while_saving_loses_nothing(tmp_path):
    """SIGKILL in the middle of each file of a checkpoint (and in the first checkpoint of all), then `last`: the same
    weights bit by bit and the same metrics as without a kill."""
    per_checkpoint = 5  # arguments, weights, optimiser, schedule, random state
    moments = [2, *range(2 * per_checkpoint + 1, 3 * per_checkpoint + 1), 4 * per_checkpoint]
    child = subprocess.run(
        [sys.executable, str(Path(__file__).parents[1] / "tiny_training.py"), str(tmp_path), *map(str, moments)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    whole, *killed = json.loads(child.stdout.strip().splitlines()[-1])
    assert whole["steps"] == STEPS
    for moment, result in zip(moments, killed, strict=True):
        assert result["ended"] == -9, moment
        assert len(result["whole"]) == (moment - 1) // per_checkpoint, moment
        assert result["code"] == 0, child.stderr[-3000:]
        assert {name: result[name] for name in whole} == whole, moment
