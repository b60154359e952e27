# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import json
import shutil
import subprocess
import sys
from pathlib import Path

from common.cli import EnvironmentLacks, UserError
from common.train import trainer

import numpy as np
import paddle
import pytest
from paddle.io import DataLoader
from tiny_training import TinyTrainer, collate, options, rows, run

STEPS = 20  # of a whole run: 40 rows, 4 a batch, 2 epochs


def sampler(count=50, size=4, seed=1, **changes):
    lengths = [3 + row % 7 for row in range(count)]
    return trainer.SeededSampler(list(range(count)), size, lengths, seed, **changes)


def batches(made, epoch=0):
    made.set_epoch(epoch)
    return list(made)


def test_batches_depend_on_seed_and_epoch_only():
    np.random.seed(3)
    paddle.seed(3)
    first = batches(sampler())
    np.random.seed(4)
    paddle.seed(4)
    again = sampler()
    assert batches(again, 1) == batches(sampler(), 1)
    assert batches(again, 0) == first
    assert batches(sampler(), 1) != first
    assert batches(sampler(seed=2)) != first


@pytest.mark.parametrize("count", [1, 3, 48, 50, 300])
def test_every_row_once(count):
    made = sampler(count)
    found = batches(made, 2)
    assert sorted(row for batch in found for row in batch) == list(range(count))
    assert len(found) == len(made) == -(-count // 4)
    assert all(len(batch) <= 4 for batch in found)


def test_two_replicas_share_each_batch_that_one_would_have():
    whole = batches(sampler(48, size=8))
    halves = [batches(sampler(48, replicas=2, rank=rank)) for rank in (0, 1)]
    assert [sorted(one + other) for one, other in zip(*halves, strict=True)] == [sorted(batch) for batch in whole]
    assert {len(batch) for half in halves for batch in half} == {4}


@pytest.mark.parametrize("count", [49, 50, 51])
def test_an_odd_batch_is_filled_up_so_that_replicas_stay_in_step(count):
    halves = [batches(sampler(count, replicas=2, rank=rank)) for rank in (0, 1)]
    assert [len(half) for half in halves] == [len(sampler(count, replicas=2, rank=0))] * 2 == [7, 7]
    assert [len(batch) for batch in halves[0]] == [len(batch) for batch in halves[1]]
    found = [row for half in halves for batch in half for row in batch]
    assert set(found) == set(range(count))
    assert len(found) == count + count % 2


def test_similar_lengths_stand_together():
    """Padding of sorted groups is a fraction of what shuffled batches have; the order of batches is still mixed."""
    random = np.random.default_rng(0)
    lengths = random.integers(3, 17, 640)

    def padding(batches):
        return sum(lengths[batch].max() * len(batch) - lengths[batch].sum() for batch in batches)

    made = batches(trainer.SeededSampler(range(640), 16, lengths, 1))
    plain = random.permutation(640).reshape(-1, 16)
    assert padding(made) < 0.2 * padding(plain)
    means = [lengths[batch].mean() for batch in made[:32]]
    assert means != sorted(means)


def test_what_makes_no_whole_step_is_left_out():
    made = sampler(50, multiple=3)
    assert len(batches(made)) == len(made) == 12  # of 13 batches
    left = [set(range(50)) - {row for batch in batches(made, epoch) for row in batch} for epoch in range(3)]
    assert left[0] != left[1] != left[2]
    assert len(sampler(8, multiple=3)) == 2  # fewer batches than a step wants: all are taken


def test_a_data_loader_takes_the_sampler():
    found = list(DataLoader(rows(), batch_sampler=trainer.SeededSampler(rows(), 4, [1] * 40, 1), collate_fn=collate))
    assert len(found) == 10
    assert found[0]["input_ids"].shape[0] == 4


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
    assert trainer.last_whole_checkpoint(folder).name == "checkpoint-20"
    assert np.isfinite(result["metrics"]["eval_loss"])


def test_the_same_run_again_is_equal_and_another_seed_is_not(whole, tmp_path):
    assert run(tmp_path / "same", save_steps=20)["weights"] == whole[1]["weights"]
    assert run(tmp_path / "other", save_steps=20, seed=7)["weights"] != whole[1]["weights"]


@pytest.mark.parametrize("step", [5, 10, 15, 20], ids=["middle", "edge", "second middle", "end"])
def test_resuming_gives_the_same_weights_bit_by_bit(whole, step, tmp_path):
    """With dropout on; Paddle 2.6 cannot restore a saved random state, so that each step has a seed of its own."""
    folder, result = whole
    shutil.copytree(folder / f"checkpoint-{step}", tmp_path / f"checkpoint-{step}")
    shutil.copy(folder / trainer.CONFIGURATION, tmp_path)
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
    assert trainer.last_whole_checkpoint(tmp_path).name == "checkpoint-3"
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


def checkpoint(folder: Path, step: int, whole: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "model_state.pdparams").write_bytes(b"x")
    if whole:
        (path / trainer.WHOLE).touch()
    return path


def test_unfinished_checkpoints_are_removed_and_the_newest_whole_one_taken(tmp_path):
    for step, is_whole in ((9, True), (10, True), (11, False)):
        checkpoint(tmp_path, step, is_whole)
    (tmp_path / "vocab.txt").touch()
    found = trainer.checkpoint_to_resume(options(tmp_path, resume_from_checkpoint="last"))
    assert found == str(tmp_path / "checkpoint-10")  # by number, not by name
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == ["checkpoint-10", "checkpoint-9"]
    assert (tmp_path / "vocab.txt").exists()


def test_last_without_any_checkpoint_starts_anew(tmp_path):
    checkpoint(tmp_path, 5, whole=False)
    assert trainer.checkpoint_to_resume(options(tmp_path, resume_from_checkpoint="last")) is None
    assert not (tmp_path / "checkpoint-5").exists()


def test_a_named_checkpoint_must_be_whole_and_is_not_removed(tmp_path):
    good, bad = checkpoint(tmp_path, 5), checkpoint(tmp_path, 10, whole=False)
    with pytest.raises(UserError, match=r"checkpoint-10: not a whole checkpoint; the newest .*checkpoint-5"):
        trainer.checkpoint_to_resume(options(tmp_path, resume_from_checkpoint=str(bad)))
    assert bad.exists()
    assert trainer.checkpoint_to_resume(options(tmp_path, resume_from_checkpoint=str(good))) == str(good)


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    kept = checkpoint(tmp_path, 5)
    with pytest.raises(UserError, match=r"not empty; pass --overwrite_output_dir or --resume_from_checkpoint last"):
        trainer.checkpoint_to_resume(options(tmp_path))
    assert kept.exists()
    assert trainer.checkpoint_to_resume(options(tmp_path, overwrite_output_dir=True)) is None
    assert not kept.exists()
    assert trainer.checkpoint_to_resume(options(tmp_path / "new")) is None


def test_resuming_another_run_is_refused(tmp_path):
    trainer.checkpoint_to_resume(options(tmp_path))
    checkpoint(tmp_path, 5)
    changed = options(tmp_path, resume_from_checkpoint="last", learning_rate=0.5)
    with pytest.raises(UserError, match=r"--learning_rate is 0.5, but .*checkpoint-5 comes from a run with 0.01"):
        trainer.checkpoint_to_resume(changed)
    free = options(tmp_path, resume_from_checkpoint="last", logging_steps=1, save_total_limit=2)
    assert trainer.checkpoint_to_resume(free) == str(tmp_path / "checkpoint-5")


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
        [sys.executable, str(Path(__file__).with_name("tiny_training.py")), str(tmp_path), *map(str, moments)],
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
