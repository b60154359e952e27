# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The trainer, its loss, and the models that it begins with."""

import common  # noqa: F401  before paddle
from common import files

import numpy as np
import paddle
import pytest
from calls import call
from ner.trainer import tag_loss
from tiny_ner import sentences, train_words
from weights import state_of


def test_every_weight_moves_in_one_step(tiny, tmp_path):
    for name, steps in (("a", 1), ("b", 2)):
        words = train_words(tiny, tmp_path / name, max_steps=steps, learning_rate=1e-2)
        assert call("run_msra_ner", *words, "--lr_scheduler_type", "constant").code == 0
    first, second = (state_of(tmp_path / name / "model_best") for name in "ab")
    unmoved = [name for name in first if np.array_equal(first[name].numpy(), second[name].numpy())]
    assert unmoved == ["bert.pooler.dense.weight", "bert.pooler.dense.bias"], "the pooler answers no character"


def test_gradients_are_clipped_to_what_is_asked(tiny, tmp_path):
    """Upstream parses --max_grad_norm and never reads it; here it reaches the Trainer, which clips."""
    import run_msra_ner

    options = run_msra_ner.Options(output_dir=tmp_path, max_grad_norm=0.25)
    assert options.trainer_values()["max_grad_norm"] == 0.25


def test_ernie_trains_too(tiny, tmp_path):
    words = train_words(tiny, tmp_path / "ernie", model_name_or_path=tiny.pretrained("ernie"), max_steps=2)
    assert call("run_msra_ner", *words).code == 0
    config = files.read_json(tmp_path / "ernie" / "model_best" / "config.json")
    assert config["architectures"] == ["ErnieForNer"]


def test_from_scratch_builds_a_vocabulary_of_characters_and_knows_its_longest_sentence(tiny, tmp_path):
    small = {"from_scratch": True, "num_hidden_layers": 1, "hidden_size": 64, "max_steps": 2, "max_seq_length": 128}
    ended = call("run_msra_ner", *train_words(tiny, tmp_path / "new", model_name_or_path="bert-base-chinese", **small))
    assert ended.code == 0, ended.err
    assert "from scratch: bert-base-chinese with random weights" in ended.out
    config = files.read_json(tmp_path / "new" / "model_best" / "config.json")
    assert (config["num_hidden_layers"], config["hidden_size"], config["intermediate_size"]) == (1, 64, 256)
    tokens = (tmp_path / "new" / "model_best" / "vocab.txt").read_text().split("\n")
    assert {"1", "9", "京"} <= set(tokens) and "1956" not in tokens and "##9" not in tokens
    longest = max(map(len, sentences())) + 2
    assert files.read_json(tmp_path / "new" / "model_best" / "training.json")["max_seq_length"] == longest


def test_the_loss_is_of_owned_characters_only():
    labels = paddle.to_tensor([[-100, 2, 0, -100]])
    logits = paddle.randn([1, 4, 7])
    inner = paddle.nn.functional.cross_entropy(logits[:, 1:3], labels[:, 1:3])
    assert float(tag_loss(logits, labels)) == pytest.approx(float(inner), abs=1e-6)
    assert float(tag_loss(logits * paddle.to_tensor([9.0, 1, 1, 9]).reshape([1, 4, 1]), labels)) == pytest.approx(
        float(inner), abs=1e-6
    )


def test_a_run_of_the_teacher_leaves_its_records(trained):
    assert (trained / "configuration.json").exists() and list(trained.glob("checkpoint-*/.whole"))
