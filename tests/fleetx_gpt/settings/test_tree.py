# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bases, overrides, and YAML that is none."""

from common.cli import UserError

import pytest
from fleetx.settings.load import load
from refusals import refusal


@pytest.fixture
def write(tmp_path):
    def writer(text, name="run.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return writer


def test_bases_merge_and_may_be_replaced(write):
    write("Optimizer: {weight_decay: 0.5, beta1: 0.8}\nGlobal: {seed: 3}\n", "base.yaml")
    merged = load(write("_base_: base.yaml\nOptimizer: {weight_decay: 0.25}\n"))
    assert (merged.Optimizer.weight_decay, merged.Optimizer.beta1, merged.Global.seed) == (0.25, 0.8, 3)
    fresh = load(write("_base_: base.yaml\nOptimizer: {_inherited_: False, weight_decay: 0.25}\n"))
    assert (fresh.Optimizer.weight_decay, fresh.Optimizer.beta1) == (0.25, 0.9)


def test_overrides(write):
    path = write("Engine: {max_steps: 5}\n")
    words = [
        "Engine.max_steps=7", "Engine.save_load.output_dir=runs/a=b", "Optimizer.lr.max_lr=5e-4",
        "Compress.pretrained=None", "Compress.Prune={enable: True, ratio: 0.5}", "Model.ffn_hidden_size=",
    ]  # fmt: skip
    settings = load(path, words)
    assert settings.Engine.max_steps == 7 and settings.Engine.save_load.output_dir == "runs/a=b"
    assert settings.Optimizer.lr.max_lr == 5e-4 and settings.Compress.pretrained is None
    assert settings.Compress.Prune.enable and settings.Compress.Prune.ratio == 0.5


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("Engine.max_steps", "-o Engine.max_steps: not of the form Key.sub=value"),
        ("Engine.max_stepz=3", "-o Engine.max_stepz: unknown key `Engine.max_stepz` (did you mean `max_steps`?)"),
        ("Engine.max_steps.x=3", "-o Engine.max_steps.x: Engine.max_steps is the value `5`, it has no keys"),
        ("Engine.max_steps=[", "-o Engine.max_steps: `[` is not a YAML value"),
        ("Engine.max_steps=0", "-o Engine.max_steps: Engine.max_steps: must be at least 1, got 0"),
    ],
)
def test_bad_overrides(write, word, message):
    with pytest.raises(UserError) as fault:
        load(write("Engine: {max_steps: 5}\n"), [word])
    assert message in str(fault.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [*x]\n", "run.yaml: nested too deep, or a part that contains itself"),
        ("a: " + "[" * 120 + "\n", "run.yaml: nested too deep"),
        ("a: !!python/object:os.system x\n", "run.yaml:1: `x`: could not determine a constructor"),
        (
            "Compress: {Prune: {enable: True, ratio: .nan}}\n",
            "Compress.Prune.ratio: must be above 0 and below 1, got nan",
        ),
        ("Optimizer: {lr: {max_lr: -1}}\n", "run.yaml:1: Optimizer.lr.max_lr: must be above 0, got -1"),
        ("Engine: {max_steps: 1e3}\n", "run.yaml:1: Engine.max_steps: expected a whole number, got `1e3`"),
        ("Model: {hidden_size: }\n", "run.yaml:1: Model.hidden_size: expected a whole number, got `None`"),
    ],
)
def test_bad_yaml_ends_with_one_line(tmp_path, text, message):
    (tmp_path / "run.yaml").write_text(text)
    assert message in refusal("train", tmp_path / "out", config=tmp_path / "run.yaml")


def test_a_config_that_is_no_file(tmp_path):
    assert "no such configuration" in refusal("train", tmp_path, config=tmp_path / "none.yaml")
    assert "is a folder, expected a configuration" in refusal("train", tmp_path, config=tmp_path)
