# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Runs that prune, distil and quantize, one at a time and together."""

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import pytest
import tiny
from fleetx.models.shape import Shape
from fleetx.serve import evaluation
from fleetx.state import checkpoints, weights
from fleetx.train import optimizer, run


def pruned(dense, **more):
    return {
        "Compress__pretrained": dense, "Compress__Prune__enable": True, "Compress__Prune__ratio": 0.25,
        "Engine__max_steps": 8, "Global__micro_batch_size": 8, **more,
    }  # fmt: skip


@pytest.mark.parametrize("criterion", ["l2_norm", "taylor"])
def test_a_pruned_run(data, dense, tmp_path, capsys, criterion):
    run.train(tiny.settings(data, tmp_path, **pruned(dense, Compress__Prune__criterion=criterion)))
    told = capsys.readouterr().out
    assert f"pruned at step 0 by {criterion}: heads 8 -> 6, channels 256 -> 192" in told
    found = checkpoints.open_folder(tmp_path)
    assert found.shape == Shape((3, 3), (96, 96), 8) and found.progress["dense"]["heads"] == [4, 4]
    assert [len(each) for each in found.progress["kept"]["heads"]] == [3, 3]
    before = checkpoints.open_folder(dense)
    assert (found.folder / "model.safetensors").stat().st_size < (before.folder / "model.safetensors").stat().st_size
    # Evaluation needs to be told nothing of the pruning.
    scored = {"Engine__save_load__ckpt_dir": tmp_path, "Offline_Eval__eval_path": data / "cloze.jsonl"}
    assert evaluation.run(tiny.settings(data, tmp_path, **scored, Offline_Eval__cloze_eval=True))["passages"] == 7


def test_a_schedule_resumed_between_two_cuts(data, dense, tmp_path):
    """Bit for bit the uninterrupted run; the cut at the step of the checkpoint itself happens once."""
    how = {
        "Compress__Prune__criterion": "taylor", "Compress__Prune__ranking": "global", "Compress__Prune__begin_step": 2,
        "Compress__Prune__end_step": 6, "Compress__Prune__times": 3, "Compress__Prune__calibration_batches": 2,
    }  # fmt: skip
    run.train(tiny.settings(data, tmp_path / "one", **pruned(dense, **how)))
    more = pruned(dense, **how, Engine__save_load__save_steps=4)
    trainer = run.trainer_of(tiny.settings(data, tmp_path / "two", **more))
    trainer.settings.Engine.max_steps = 4
    trainer.run()
    half = checkpoints.open_folder(tmp_path / "two")
    assert sum(half.shape.heads) == 7 and half.progress["step"] == 4
    run.train(tiny.settings(data, tmp_path / "two", **more, Engine__save_load__ckpt_dir=tmp_path / "two"))
    one, two = checkpoints.open_folder(tmp_path / "one"), checkpoints.open_folder(tmp_path / "two")
    assert one.shape == two.shape and sum(two.shape.heads) == 6 and sum(two.shape.ffn) == 192
    assert one.progress == two.progress
    for file in (checkpoints.WEIGHTS, checkpoints.OPTIMIZER):
        first, second = weights.read(one.folder / file), weights.read(two.folder / file)
        assert first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_moments_go_on_behind_a_cut(data, dense, tmp_path):
    trainer = run.trainer_of(tiny.settings(data, tmp_path, **pruned(dense, Compress__Prune__begin_step=2)))
    trainer.settings.Engine.max_steps = 2
    trainer.run()
    before = optimizer.state_of(trainer.optimizer, trainer.network)
    trainer.plan.before_step(trainer)
    after = optimizer.state_of(trainer.optimizer, trainer.network)
    name = "gpt.decoder.layers.1.linear1.weight/moment1"
    kept = trainer.plan.kept.ffn[1]
    assert before[name].any() and np.array_equal(after[name], before[name][:, kept]) and len(kept) == 96


def test_a_cut_that_the_run_does_not_reach(data, dense, tmp_path):
    with pytest.raises(UserError, match=r"Compress.Prune.end_step: 8 is not before Engine.max_steps, which is 8"):
        run.train(tiny.settings(data, tmp_path, **pruned(dense, Compress__Prune__begin_step=8)))


def distilled(dense, **more):
    return {
        "Compress__Distillation__enable": True, "Compress__Distillation__Teacher__save_load__ckpt_dir": dense,
        "Engine__max_steps": 6, "Global__micro_batch_size": 8, "Engine__logging_freq": 1, **more,
    }  # fmt: skip


def test_a_smaller_student(data, dense, tmp_path, capsys):
    """The teacher's tokenizer, half of its layers; the loss is the sum that the keys say."""
    how = {"Model__num_layers": 1, "Compress__Distillation__distill_loss_ratio": 0.25, "Compress__Distillation__T": 1.5}
    settings = tiny.settings(
        data, tmp_path, **distilled(dense, **how, Compress__Distillation__Teacher__Model="{num_layers: 2}")
    )
    trainer = run.trainer_of(settings)
    teacher = checkpoints.open_folder(dense)
    assert trainer.task.vocabulary.encode("the cat sat") == run.tasks.BytePairs.of_folder(teacher.folder).encode(
        "the cat sat"
    )
    assert (
        all(weight.stop_gradient for weight in trainer.plan.teacher.parameters()) and not trainer.plan.teacher.training
    )
    before = {name: weight.numpy() for name, weight in trainer.plan.teacher.named_parameters()}
    trainer.run()
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("step 1/6"))
    figures = dict(zip(line.split()[2::2], map(float, line.split()[3:-2:2]), strict=False))
    assert figures["loss"] == pytest.approx(figures["plain"] + 0.25 * figures["distil"], abs=2e-3)
    assert all(np.array_equal(weight.numpy(), before[name]) for name, weight in trainer.plan.teacher.named_parameters())
    assert checkpoints.open_folder(tmp_path).shape.heads == (4,)


def joint(dense, **more):
    return {"Compress__pretrained": dense, "Engine__max_steps": 8, "Global__micro_batch_size": 8, **more}


def test_all_three_in_one_run_and_resumed(data, dense, tmp_path, capsys):
    """Dense, score, shrink, distil, quantise; stopped behind the pruning, and again behind the quantisation."""
    how = {"Compress__Quantization__start_step": 4, "Compress__Quantization__activation_preprocess_type": "PACT"}
    run.train(tiny.settings(data, tmp_path / "one", "gpt_tiny_joint", **joint(dense, **how)))
    told = capsys.readouterr().out
    assert "pruned at step 0 by taylor: heads 8 -> 6" in told and "quantised at step 4: 8 layers" in told
    more = joint(dense, **how, Engine__save_load__save_steps=2)
    for stop in (2, 4, 6, 8):
        given = more | ({"Engine__save_load__ckpt_dir": tmp_path / "two"} if stop > 2 else {})
        trainer = run.trainer_of(tiny.settings(data, tmp_path / "two", "gpt_tiny_joint", **given))
        trainer.settings.Engine.max_steps = stop
        trainer.run()
    one, two = checkpoints.open_folder(tmp_path / "one"), checkpoints.open_folder(tmp_path / "two")
    assert one.quantization == two.quantization and one.quantization.activation_preprocess_type == "PACT"
    for file in (checkpoints.WEIGHTS, checkpoints.OPTIMIZER):
        first, second = weights.read(one.folder / file), weights.read(two.folder / file)
        assert first.keys() == second.keys()
        assert [name for name in first if not np.array_equal(first[name], second[name])] == []
    assert any("alpha/moment1" in name for name in weights.read(one.folder / checkpoints.OPTIMIZER))
    scored = {"Engine__save_load__ckpt_dir": tmp_path / "one", "Offline_Eval__eval_path": data / "cloze.jsonl"}
    assert evaluation.run(tiny.settings(data, tmp_path, **scored, Offline_Eval__cloze_eval=True))["passages"] == 7


def test_what_is_quantized_already(data, dense, tmp_path):
    how = joint(
        dense, Engine__max_steps=2, Compress__Quantization__enable=True, Engine__save_load__output_dir=tmp_path / "q"
    )
    run.train(tiny.settings(data, tmp_path, **how))
    again = how | {"Compress__pretrained": tmp_path / "q", "Engine__save_load__output_dir": tmp_path / "r"}
    with pytest.raises(UserError, match=r"weight_bits: is 4, but .* was quantised with 8"):
        run.train(tiny.settings(data, tmp_path, **again, Compress__Quantization__weight_bits=4))
    with pytest.raises(UserError, match=r"is quantised already; prune before quantising"):
        run.train(tiny.settings(data, tmp_path, **again, Compress__Prune__enable=True))
    run.train(tiny.settings(data, tmp_path, **again | {"Compress__Quantization__enable": False}))
    assert checkpoints.open_folder(tmp_path / "r").quantization.weight_bits == 8  # stays what it is
