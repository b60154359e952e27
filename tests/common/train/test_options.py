# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from dataclasses import dataclass, fields
from pathlib import Path

from common import cli
from common.cli import UserError
from common.train import trainer
from common.train.options import NOT_FOR_THE_TRAINER, TrainingOptions, check_widths

import pytest


def options(**changes) -> TrainingOptions:
    return TrainingOptions(output_dir=Path("out"), **changes)


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"per_device_train_batch_size": 0}, "--per_device_train_batch_size"),
        ({"per_device_eval_batch_size": -1}, "--per_device_eval_batch_size"),
        ({"gradient_accumulation_steps": 0}, "--gradient_accumulation_steps"),
        ({"logging_steps": 0}, "--logging_steps"),
        ({"save_steps": 0}, "--save_steps"),
        ({"save_steps": 10, "eval_steps": 3}, "--save_steps 10 must be a multiple of --eval_steps 3"),
        ({"eval_steps": 0}, "--eval_steps 0"),
        ({"num_train_epochs": 0}, "--num_train_epochs"),
        ({"num_train_epochs": float("nan")}, "--num_train_epochs"),
        ({"learning_rate": 0.0}, "--learning_rate"),
        ({"learning_rate": -1e-5}, "--learning_rate"),
        ({"learning_rate": float("nan")}, "--learning_rate"),
        ({"learning_rate": float("inf")}, "--learning_rate"),
        ({"warmup_ratio": 1.0}, "--warmup_ratio"),
        ({"warmup_ratio": -0.1}, "--warmup_ratio"),
        ({"warmup_steps": -1}, "--warmup_steps"),
        ({"weight_decay": -0.1}, "--weight_decay"),
        ({"max_grad_norm": float("nan")}, "--max_grad_norm"),
        ({"dataloader_num_workers": -1}, "--dataloader_num_workers"),
        ({"seed": -1}, "--seed"),
        ({"save_total_limit": 0}, "--save_total_limit"),
        ({"lr_scheduler_type": "steps"}, "--lr_scheduler_type must be one of linear, cosine"),
        ({"fp16_opt_level": "O3"}, "--fp16_opt_level must be one of O1, O2"),
        ({"report_to": "tensorboard"}, "--report_to must be one of none, visualdl"),
        ({"fp16": True, "bf16": True}, "--fp16 and --bf16"),
        ({"load_best_model_at_end": True}, "--load_best_model_at_end needs --metric_for_best_model"),
    ],
)
def test_a_wrong_value_names_its_flag(changes, flag):
    with pytest.raises(UserError) as caught:
        options(**changes)
    assert flag in str(caught.value)
    assert "\n" not in str(caught.value)


def test_steps_may_stand_in_for_epochs():
    assert options(num_train_epochs=0, max_steps=5).max_steps == 5


def test_learning_rate_from_scratch_and_not():
    """5e-5, the rate for pretrained weights, is far too low for random ones."""
    assert options().learning_rate == 5e-5
    assert options(from_scratch=True).learning_rate == 3e-4
    assert options(from_scratch=True, learning_rate=1e-3).learning_rate == 1e-3


def test_evaluation_follows_saving():
    assert options(save_steps=30).eval_steps == 30
    assert options(save_steps=30, eval_steps=10).eval_steps == 10


def test_every_field_reaches_the_trainer(tmp_path):
    """All fields given another value than the Trainer's default; each must arrive there or be listed as ours."""
    given = {
        "num_train_epochs": 3.0,
        "max_steps": 7,
        "per_device_train_batch_size": 5,
        "per_device_eval_batch_size": 6,
        "gradient_accumulation_steps": 2,
        "learning_rate": 2e-3,
        "lr_scheduler_type": "cosine",
        "warmup_ratio": 0.2,
        "warmup_steps": 3,
        "weight_decay": 0.05,
        "max_grad_norm": 0.5,
        "logging_steps": 11,
        "save_steps": 12,
        "eval_steps": 4,
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_accuracy",
        "seed": 9,
        "dataloader_num_workers": 1,
        "disable_tqdm": True,
        "label_names": ("row",),
    }
    arguments = trainer.arguments(TrainingOptions(output_dir=tmp_path, device="cpu", **given))
    for name, value in given.items():
        found = getattr(arguments, name)
        assert getattr(found, "value", found) == (list(value) if isinstance(value, tuple) else value), name
    assert arguments.output_dir == str(tmp_path)
    assert arguments.device == "cpu"
    assert arguments.report_to == []
    assert arguments.greater_is_better is True
    assert arguments.evaluation_strategy.value == arguments.save_strategy.value == "steps"
    known = {f.name for f in fields(type(arguments))}
    ours = {f.name for f in fields(TrainingOptions)}
    assert ours - known <= set(NOT_FOR_THE_TRAINER)
    assert set(options().trainer_values()) <= known


@pytest.mark.parametrize(
    ("metric", "given", "expected"),
    [
        ("eval_accuracy", None, True),
        ("eval_slot_f1", None, True),
        ("eval_loss", None, False),
        ("eval_loss", True, True),
        ("eval_accuracy", False, False),
    ],
)
def test_which_way_a_metric_is_better(metric, given, expected):
    values = options(metric_for_best_model=metric, greater_is_better=given).trainer_values()
    assert values["greater_is_better"] is expected


@dataclass(kw_only=True)
class Words(TrainingOptions):
    """An app."""

    size: int = 3
    """Of it."""


def test_the_command_line_makes_the_options():
    made = cli.parse(Words, ["--output_dir", "x", "--do_train", "--size", "4", "--learning_rate", "1e-3"])
    assert (made.size, made.do_train, made.learning_rate, made.output_dir) == (4, True, 1e-3, Path("x"))
    with pytest.raises(UserError, match="--save_steps must be at least 1"):
        cli.parse(Words, ["--output_dir", "x", "--save_steps", "0"])


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ((), "--width_mult_list needs at least one width"),
        ((0.5, 1.5), "--width_mult_list: 1.5 is not in"),
        ((0.0,), "--width_mult_list: 0 is not in"),
        ((float("nan"),), "--width_mult_list: nan is not in"),
        ((0.5, 0.75, 0.5), "--width_mult_list: 0.5 0.75 0.5 names a width twice"),
    ],
)
def test_widths(widths, message):
    with pytest.raises(UserError, match=message):
        check_widths(widths)
    check_widths((1.0, 2 / 3, 0.5))
