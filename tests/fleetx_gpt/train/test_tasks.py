# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Evaluation while training."""

import math

import common  # noqa: F401  before paddle
from common.cli import UserError

import paddle
import pytest
import tiny
from fleetx.serve import evaluation
from fleetx.settings.task import OfflineEvalSettings
from fleetx.state import checkpoints
from fleetx.train import tasks


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


def test_an_evaluation_needs_rows(data, tmp_path):
    changes = {"Data__Train__dataset__split": "[99, 0, 1]", "Data__Eval__dataset__split": "[99, 0, 1]"}
    settings = tiny.settings(data, tmp_path, **changes)
    task = tasks.task_of(settings, settings.Model)
    with pytest.raises(UserError, match=r"Data.Eval: not one whole row"):
        tasks.evaluate(paddle.nn.Layer(), task, 4, 1)
