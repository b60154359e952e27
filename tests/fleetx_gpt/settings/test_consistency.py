# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Sections that do not go together; single messages are in test_load.py."""

from common.cli import UserError

import pytest
import tiny
from fleetx.settings import consistency
from fleetx.settings.load import load
from fleetx.settings.settings import Settings

PATH = tiny.CONFIGS / "small" / "gpt_tiny.yaml"


def test_a_default_length_is_cut_down_and_a_given_one_refused():
    settings = Settings()
    settings.Model.max_position_embeddings = 100
    consistency.limit_lengths(settings)
    assert settings.Data.Test.dataset.max_seq_len == settings.Offline_Eval.max_seq_len == 100
    settings.places["Offline_Eval.max_seq_len"], settings.Offline_Eval.max_seq_len = "run.yaml:3", 101
    with pytest.raises(UserError, match=r"run.yaml:3: Offline_Eval.max_seq_len: 101 tokens"):
        consistency.limit_lengths(settings)


def test_quantization_waits_for_the_last_cut():
    words = ["Compress.Prune.enable=True", "Compress.Prune.begin_step=4", "Compress.Quantization.enable=True"]
    assert load(PATH, words).Compress.Quantization.start_step == 4
    with pytest.raises(UserError, match="2 comes before pruning ends"):
        load(PATH, [*words, "Compress.Quantization.start_step=2"])
