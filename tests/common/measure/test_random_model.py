# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Models of random weights for speed tables: of the size that was asked for, cut to widths, the same for a seed."""

from common.cli import UserError
from common.measure import random_model
from common.models import encoders, width

import numpy as np
import pytest
from small_classifiers import FLAG, SHAPE, TEXTS, ErnieForTokens, families


def make(folder, **changes):
    words = folder / "vocab.txt"
    return random_model.build(families(ErnieForTokens), "ernie-test", 3, FLAG, words, TEXTS, min_count=1, **changes)


def test_weights_and_vocabulary_of_the_size(tmp_path):
    network = make(tmp_path, num_hidden_layers=1)
    assert not network.training and network.config.num_hidden_layers == 1 and network.config.num_labels == 3
    lines = (tmp_path / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == SHAPE["vocab_size"] and {"放", "家"} <= set(lines)


def test_a_seed_decides_the_weights(tmp_path):
    first, again, other = (make(tmp_path, seed=seed).classifier.weight.numpy() for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_each_width_is_a_model_of_its_own(tmp_path):
    whole = make(tmp_path)
    made = dict(random_model.at_widths(whole, (0.75, 0.5)))
    assert list(made) == ["original", "width_0.75", "width_0.5"] and made["original"] is whole
    heads = {stage: width.heads_of(encoders.encoder_of(network)) for stage, network in made.items()}
    assert heads == {"original": [4, 4], "width_0.75": [3, 3], "width_0.5": [2, 2]}
    neurons = {stage: width.ffn_of(encoders.encoder_of(network)) for stage, network in made.items()}
    assert neurons == {"original": [32, 32], "width_0.75": [24, 24], "width_0.5": [16, 16]}


def test_an_unknown_architecture_is_refused(tmp_path):
    with pytest.raises(UserError, match="ernie-none"):
        random_model.build(families(ErnieForTokens), "ernie-none", 3, FLAG, tmp_path / "vocab.txt", TEXTS)
