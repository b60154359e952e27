# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The trainer and the models that it begins with; run_glue.py through its main."""

import common  # noqa: F401  before paddle
from common import files

import numpy as np
import pytest
from calls import call
from tiny_glue import words
from weights import state_of


def test_gradients_are_clipped(tiny, tmp_path):
    """`max_grad_norm` is not only read: clipped to nearly nothing, the weights hardly move."""
    moved = {}
    for name, norm in (("free", 1.0), ("clipped", 1e-11)):
        changes = {"max_steps": 1, "warmup_ratio": 0, "max_grad_norm": norm}
        assert call("run_glue", *words(tiny, tmp_path / name, **changes)).code == 0
        after, before = state_of(tmp_path / name), state_of(tiny.pretrained())
        moved[name] = max(np.abs(after[f"bert.{key}"].numpy() - before[key].numpy()).max() for key in before)
    assert moved["free"] > 1e-3 and moved["clipped"] < moved["free"] / 100


@pytest.mark.parametrize("task", ["sts-b", "mnli"])
def test_scores_and_three_classes(tiny, tmp_path, task):
    ended = call("run_glue", *words(tiny, tmp_path / "out", task_name=task, max_steps=4))
    assert ended.code == 0, ended.err
    dev = files.read_json(tmp_path / "out" / "training.json")["dev"]
    wanted = {"sts-b": {"pearson", "spearman", "score"}, "mnli": {"accuracy", "accuracy_mismatched", "score"}}
    assert set(dev) == wanted[task]


@pytest.mark.parametrize("family", ["tinybert", "ernie", "ppminilm"])
def test_every_architecture(tiny, tmp_path, family):
    given = words(tiny, tmp_path / "out", model_type=family, model_name_or_path=tiny.pretrained(family), max_steps=2)
    ended = call("run_glue", *given)
    assert ended.code == 0, ended.err
    assert family in files.read_json(tmp_path / "out" / "config.json")["architectures"][0].lower()
    assert not [name for name in state_of(tmp_path / "out") if "fit_dense" in name]


def test_tinybert_may_be_called_bert_as_in_the_document(tiny, tmp_path):
    given = words(tiny, tmp_path / "out", model_name_or_path=tiny.pretrained("tinybert"), max_steps=1)
    assert call("run_glue", *given).code == 0


def test_from_scratch_builds_the_vocabulary_and_says_so(tiny, tmp_path):
    small = {"from_scratch": True, "num_hidden_layers": 1, "hidden_size": 64, "vocab_size": 90, "max_steps": 1}
    ended = call("run_glue", *words(tiny, tmp_path / "out", model_name_or_path="bert-base-uncased", **small))
    assert ended.code == 0, ended.err
    assert "from scratch: bert-base-uncased with random weights" in ended.out and "table of 90 rows" in ended.out
    config = files.read_json(tmp_path / "out" / "config.json")
    assert (config["num_hidden_layers"], config["hidden_size"], config["vocab_size"]) == (1, 64, 90)
    assert files.read_json(tmp_path / "out" / "training.json")["from_scratch"] is True
