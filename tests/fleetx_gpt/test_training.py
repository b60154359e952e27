# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import math
import subprocess
import sys

import common  # noqa: F401  before paddle
from common import files
from common.cli import EnvironmentLacks, UserError

import numpy as np
import paddle
import pytest
import tiny
from fleetx.serve import evaluation
from fleetx.settings.load import load
from fleetx.settings.run import MixPrecisionSettings, OptimizerSettings, RateSettings
from fleetx.settings.task import OfflineEvalSettings
from fleetx.state import checkpoints, weights
from fleetx.train import optimizer, place, progress, run, tasks

APP = tiny.CONFIGS.parent


def arrays(folder):
    found = checkpoints.open_folder(folder)
    return found.arrays(), weights.read(found.folder / checkpoints.OPTIMIZER)


def same(first, second):
    assert first.keys() == second.keys() and first
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_the_course_of_the_rate():
    how = RateSettings(decay_steps=100, warmup_rate=0.1, max_lr=1.0, min_lr=0.2)
    assert optimizer.rate_at(0, 5, how) == 0.5 and optimizer.rate_at(1, 5, how) == 1.0
    assert optimizer.rate_at(10, 5, how) == pytest.approx(0.6)  # 55 samples: the middle of the cosine
    assert optimizer.rate_at(19, 5, how) == 0.2 and optimizer.rate_at(900, 5, how) == 0.2
    by_steps = RateSettings(decay_steps=100, warmup_rate=0.1, max_lr=1.0, min_lr=0.2, use_increments=False)
    assert optimizer.rate_at(4, 5, by_steps) == 0.5 and optimizer.rate_at(54, 5, by_steps) == pytest.approx(0.6)


def test_one_step_is_adamw(data, tmp_path):
    """Against the formulas, on accumulated and clipped gradients; tolerance of float32."""
    settings = tiny.settings(
        data, tmp_path, Model__hidden_dropout_prob=0.0, Model__attention_probs_dropout_prob=0.0,
        Optimizer__grad_clip__clip_norm=0.5, Optimizer__weight_decay=0.1,
    )  # fmt: skip
    trainer = run.trainer_of(settings)
    network, task = trainer.network, trainer.task
    before = weights.arrays_of(network)
    inputs, labels = task.train_batch(trainer.order.of_step(0), None)
    network.train()
    task.loss(network, network(paddle.to_tensor(inputs)), paddle.to_tensor(labels)).backward()
    gradients = {name: weight.grad.numpy().astype("float64") for name, weight in network.named_parameters()}
    network.clear_gradients()
    norm = math.sqrt(sum((gradient**2).sum() for gradient in gradients.values()))
    assert norm > 0.5
    trainer.progress = progress.Progress(0, 1, "tokens/s")
    rate, told = trainer.one_step()
    assert rate == pytest.approx(3e-3 * 8 / 40)
    assert told["loss"] == pytest.approx(math.log(300), abs=0.2)
    after = weights.arrays_of(network)
    for name, gradient in gradients.items():
        gradient = gradient * 0.5 / norm
        decay = 0.1 if gradient.ndim > 1 else 0.0
        expected = before[name] * (1 - rate * decay) - rate * gradient / (np.abs(gradient) + 1e-8)
        settled = np.abs(gradient) > 1e-6  # elsewhere the sign is rounding
        np.testing.assert_allclose(after[name][settled], expected[settled], atol=2e-6, err_msg=name)
    assert max(np.abs(after[name] - before[name]).max() for name in before) > 1e-4
    assert all(np.abs(after[name] - before[name]).max() > 0 for name in before)  # every weight moved


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


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = progress.Progress(2, 4, "tokens/s")
    bar.advance(100)
    bar.log(3, loss=2.5, lr=0.1)
    bar.told("eval", 3, {"loss": 1.25})
    bar.close()
    told = capsys.readouterr()
    assert "loss 2.5  lr 0.1" in told.err and "tokens/s" in told.err and "3/4" in told.err
    assert "eval at step 3: loss 1.25" in told.out


def test_other_runs_are_not_overwritten(data, dense, tmp_path):
    with pytest.raises(UserError, match=r"holds epoch_\d_step_40; go on by -o Engine.save_load.ckpt_dir="):
        run.train(tiny.settings(data, dense))
    with pytest.raises(UserError, match=r"lies in the output_dir that is to be overwritten"):
        run.train(tiny.settings(data, dense, Engine__save_load__overwrite=True, Compress__pretrained=dense))
    changes = {"Compress__pretrained": dense, "Engine__max_steps": 1, "Model__hidden_size": 32}
    run.train(tiny.settings(data, tmp_path, **changes))
    assert checkpoints.open_folder(tmp_path).progress["step"] == 1  # its weights, not its step
    before, after = arrays(dense)[0], arrays(tmp_path)[0]
    assert 0 < max(np.abs(after[name] - before[name]).max() for name in before) < 0.01


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Model__hidden_size": 64}, r"Model.hidden_size: is 64, but .* has 32"),
        ({"Compress__pretrained": "nowhere"}, r"nowhere: no such checkpoint folder \(Compress.pretrained\)"),
        ({"Data__Train__dataset__input_dir": "None"}, r"Data.Train.dataset.input_dir: is missing; name a text"),
        ({"Global__global_batch_size": 4096, "Global__local_batch_size": 4096}, r"rows make no step of 4096"),
    ],
)
def test_starts_that_are_refused(data, dense, tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        run.train(tiny.settings(data, tmp_path, **({"Compress__pretrained": dense} | changes)))


def test_a_machine_that_lacks_what_was_asked_for(data, tmp_path):
    if not paddle.is_compiled_with_cuda():
        with pytest.raises(EnvironmentLacks, match=r"no gpu; pass -o Global.device=cpu"):
            place.prepare(tiny.settings(data, tmp_path, Global__device="gpu"))
    with pytest.raises(
        EnvironmentLacks, match=r"half precision needs a GPU; pass -o Engine.mix_precision.enable=False"
    ):
        place.prepare(tiny.settings(data, tmp_path, Engine__mix_precision__enable=True))
    with pytest.raises(
        EnvironmentLacks, match=r"dp 2 x mp 1 x pp 1 x sharding 1 = 2 processes are configured, 1 started"
    ):
        run.train(tiny.settings(data, tmp_path, Distributed__dp_degree=2, Global__global_batch_size=16))
    assert place.Precision(MixPrecisionSettings()).state() is None


def test_a_loss_that_is_no_number(data, tmp_path):
    with pytest.raises(UserError, match=r"the loss is nan; lower Optimizer.lr.max_lr"):
        run.train(tiny.settings(data, tmp_path, Optimizer__lr__max_lr=1e30, Optimizer__lr__warmup_rate=0))
    assert checkpoints.inside(tmp_path) == []


def test_moments_are_kept_by_name(data, tmp_path):
    """A second optimiser over the same network goes on where the first one stood."""
    trainer = run.trainer_of(tiny.settings(data, tmp_path, Engine__max_steps=3))
    trainer.run()
    state = optimizer.state_of(trainer.optimizer, trainer.network)
    names = [name for name, _ in trainer.network.named_parameters()]
    assert set(state) == {f"{name}/{moment}" for name in names for moment in optimizer.MOMENTS}
    again = optimizer.build(trainer.network, OptimizerSettings())
    optimizer.restore(again, trainer.network, state)
    assert same(optimizer.state_of(again, trainer.network), state)
    frozen = trainer.network.gpt.embeddings.word_embeddings.weight
    frozen.stop_gradient = True
    assert not any("word_embeddings" in name for name in optimizer.state_of(again, trainer.network))


def test_evaluation_counts_exactly(data, dense):
    """Against one passage and one window at a time; the last batches are not whole."""
    found = checkpoints.open_folder(dense)
    logits = evaluation.in_memory(found.network())
    tokenizer = evaluation.BytePairs.of_folder(found.folder)
    one, many = (OfflineEvalSettings(batch_size=size, max_seq_len=32, overlapping_eval=8) for size in (1, 4))
    single, batched = (evaluation.cloze(logits, data / "cloze.jsonl", tokenizer, how) for how in (one, many))
    assert single == batched and batched["passages"] == 7 and batched["right"] == round(7 * batched["accuracy"])
    texts = tiny.sentences(20)
    single, batched = (evaluation.perplexity(logits, texts, tokenizer, how) for how in (one, many))
    assert batched == pytest.approx(single, rel=1e-5)
    assert batched["tokens"] == len([t for text in texts for t in tokenizer.encode(text)]) - 1
    assert batched["words"] == 120
    spread = batched["loss"] * batched["tokens"] / 119
    assert batched["adjusted_perplexity"] == pytest.approx(math.exp(spread))
    with pytest.raises(UserError, match=r"cannot be scored"):
        evaluation.perplexity(logits, ["a"], tokenizer, one)


def test_token_scores():
    losses, hits = evaluation.token_scores(np.log([[[0.7, 0.2, 0.1]]]), np.array([[1]]))
    assert losses == pytest.approx(np.array([[-math.log(0.2)]])) and not hits.any()
    losses, _ = evaluation.token_scores(np.array([[[1e4, 0.0]]], "float32"), np.array([[1]]))
    assert losses[0, 0] == 1e4


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


def test_an_evaluation_needs_rows(data, tmp_path):
    changes = {"Data__Train__dataset__split": "[99, 0, 1]", "Data__Eval__dataset__split": "[99, 0, 1]"}
    settings = tiny.settings(data, tmp_path, **changes)
    task = tasks.task_of(settings, settings.Model)
    with pytest.raises(UserError, match=r"Data.Eval: not one whole row"):
        tasks.evaluate(paddle.nn.Layer(), task, 4, 1)


def test_the_programs_from_a_shell(data, dense, tmp_path):
    """Short flags several times, and a fault as one line with exit code 2."""
    words = ["-o", f"Engine.save_load.ckpt_dir={dense}", "-o", f"Offline_Eval.eval_path={data / 'cloze.jsonl'}"]
    config = ["-c", str(tiny.CONFIGS / "small" / "gpt_tiny.yaml")]
    command = [sys.executable, str(APP / "tools" / "eval.py"), *config, *words, "-o", "Offline_Eval.cloze_eval=True"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0 and "passages 7" in ended.stdout, ended.stderr
    command = [sys.executable, str(APP / "tools" / "train.py"), *config, "-o", "Engine.max_stepz=3"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1, ended.stderr
    assert "error: -o Engine.max_stepz: unknown key `Engine.max_stepz` (did you mean `max_steps`?)" in ended.stderr
    assert load(tiny.CONFIGS / "small" / "gpt_tiny.yaml").Engine.max_steps == 20
