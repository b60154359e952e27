# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""AdamW, its learning rate and its state by names."""

import math

import common  # noqa: F401  before paddle

import numpy as np
import paddle
import pytest
import tiny
from fleetx.settings.run import OptimizerSettings, RateSettings
from fleetx.state import weights
from fleetx.train import optimizer, progress, run


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
