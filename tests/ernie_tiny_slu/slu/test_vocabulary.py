# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Pruned tables hold what is needed, and answer as before."""

import pytest
import tiny_app
from model import JointErnie
from tiny_app import words
from trained_runs import printed_scores

SHORT = {"max_steps": 4, "save_steps": 2}


def test_the_tables_are_cut_to_the_vocabulary_and_the_length(trained, tiny):
    model = JointErnie.from_pretrained(str(trained))
    tokens = (trained / "vocab.txt").read_text("utf-8").splitlines()
    assert model.ernie.embeddings.word_embeddings.weight.shape == [len(tokens), 32]
    assert model.ernie.embeddings.position_embeddings.weight.shape == [16, 32]
    assert (model.config.vocab_size, model.config.max_position_embeddings) == (len(tokens), 16)
    assert tokens[0] == "[PAD]" and set(tokens) <= set((tiny.pretrained / "vocab.txt").read_text("utf-8").split("\n"))
    assert (trained / "bundle" / "vocab.txt").read_bytes() == (trained / "vocab.txt").read_bytes()
    pruned = JointErnie.from_pretrained(
        str(trained / "pretrained_model")
    )  # the document's folder of what it begins with
    assert pruned.config.vocab_size == len(tokens)


def test_pruning_alone_changes_no_answer(tiny, tmp_path):
    first = tiny_app.train(words(tiny, tmp_path / "a", "--do_train", "--do_eval", **SHORT))
    more = ["--prune_embeddings", "--do_eval"]
    ended = tiny_app.train(words(tiny, tmp_path / "b", *more, model_name_or_path=tmp_path / "a"))
    assert ended.code == 0, ended.err
    before, after = printed_scores(first.out, "original"), printed_scores(ended.out, "vocabulary")
    assert after == pytest.approx(before, abs=1e-4)
    assert JointErnie.from_pretrained(str(tmp_path / "b")).config.vocab_size < 280
    lines = [len((tmp_path / folder / "vocab.txt").read_text("utf-8").splitlines()) for folder in "ab"]
    assert lines[0] == 280 and lines[1] == JointErnie.from_pretrained(str(tmp_path / "b")).config.vocab_size


def test_max_vocab_size_keeps_no_more_rows(tiny, trained, tmp_path):
    more = ["--prune_embeddings", "--max_vocab_size", "60"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *more, model_name_or_path=trained))
    assert ended.code == 0, ended.err
    assert JointErnie.from_pretrained(str(tmp_path / "out")).config.vocab_size == 60
