# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The three losses, against NumPy."""

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import paddle
import pytest
import tiny
from fleetx.compress import distill
from fleetx.train import run

SHAPE = (3, 5, 11)


def logits(seed, scale=3.0):
    return (np.random.default_rng(seed).normal(size=SHAPE) * scale).astype("float32")


def softmax(values):
    shares = np.exp(values - values.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def by_hand(kind, student, teacher, temperature):
    """The formulas in NumPy, float64."""
    student, teacher = student.astype("float64"), teacher.astype("float64")
    if kind == "mse":
        return np.mean((student - teacher) ** 2)
    if kind == "kl_div":
        told, right = softmax(student / temperature), softmax(teacher / temperature)
        return np.mean(np.sum(right * np.log(right / told), axis=-1)) * temperature**2
    losses = []
    for row_s, row_t in zip(student, teacher, strict=True):
        row_s = row_s / np.linalg.norm(row_s, axis=-1, keepdims=True)
        row_t = row_t / np.linalg.norm(row_t, axis=-1, keepdims=True)
        losses += [-np.log(softmax(row_s @ row_t.T / temperature)[n, n]) for n in range(len(row_s))]
    return np.mean(losses)


@pytest.mark.parametrize("temperature", [1.0, 1.5, 4.0])
@pytest.mark.parametrize("kind", list(distill.LOSSES))
def test_the_losses(kind, temperature):
    student, teacher = logits(0), logits(1)
    found = float(distill.LOSSES[kind](paddle.to_tensor(student), paddle.to_tensor(teacher), temperature))
    assert found == pytest.approx(by_hand(kind, student, teacher, temperature), rel=1e-5)


@pytest.mark.parametrize("kind", ["mse", "kl_div"])
def test_the_same_answer_costs_nothing(kind):
    same = paddle.to_tensor(logits(0))
    assert float(distill.LOSSES[kind](same, same, 2.0)) == pytest.approx(0, abs=1e-6)


def test_shifted_logits_are_the_same_answer_to_kl():
    student = paddle.to_tensor(logits(0))
    assert float(distill.kl_div(student + 7, student, 1.0)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("kind", list(distill.LOSSES))
def test_gradients_reach_the_student_and_pull_towards_the_teacher(kind):
    student, teacher = paddle.to_tensor(logits(0)), paddle.to_tensor(logits(1))
    student.stop_gradient = False
    loss = distill.LOSSES[kind](student, teacher, 1.5)
    loss.backward()
    nearer = student - 1.0 * student.grad
    assert float(distill.LOSSES[kind](nearer, teacher, 1.5)) < float(loss)


def test_images_are_one_row_of_positions():
    student, teacher = logits(0)[0], logits(1)[0]
    found = float(distill.token_wise_contrastive(paddle.to_tensor(student), paddle.to_tensor(teacher), 0.5))
    assert found == pytest.approx(by_hand("token_wise_contrastive", student[None], teacher[None], 0.5), rel=1e-5)


def distilled(dense, **more):
    return {
        "Compress__Distillation__enable": True, "Compress__Distillation__Teacher__save_load__ckpt_dir": dense,
        "Engine__max_steps": 6, "Global__micro_batch_size": 8, "Engine__logging_freq": 1, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"Compress__Distillation__Teacher__Model": "{num_layers: 3}"},
            r"Teacher.Model.num_layers: is 3, but .* has 2",
        ),
        ({"Model__vocab_size": 320}, r"has Model.vocab_size 300, the student 320"),
        (
            {"Compress__Distillation__Teacher__save_load__ckpt_dir": "nowhere"},
            r"no such checkpoint folder \(Compress.Distillation.Teacher.save_load.ckpt_dir\)",
        ),
    ],
)
def test_teachers_that_do_not_fit(data, dense, tmp_path, more, message):
    with pytest.raises(UserError, match=message):
        run.trainer_of(tiny.settings(data, tmp_path, **(distilled(dense) | more)))
