# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a run starts from: random weights, a checkpoint with its dropout and decoder."""

from common import files

import tiny_app
from model import JointErnie
from tiny_app import words
from trained_runs import parameters, same


def test_from_scratch_builds_the_named_architecture(tiny, tmp_path):
    more = ["--do_train", "--from_scratch", "--prune_embeddings"]
    run = words(
        tiny, tmp_path / "out", *more, model_name_or_path="ernie-3.0-tiny-pico-v2-zh", max_steps=2, save_steps=2
    )
    ended = tiny_app.train(run)
    assert ended.code == 0, ended.err
    assert "with random weights" in ended.out
    config = JointErnie.from_pretrained(str(tmp_path / "out")).config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (3, 128, 2)
    assert files.read_json(tmp_path / "out" / "training.json")["from_scratch"] is True


def test_dropout_is_saved_with_the_checkpoint(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_train", dropout=0.3, max_steps=1, save_steps=1))
    assert ended.code == 0, ended.err
    model = JointErnie.from_pretrained(str(tmp_path / "out"))
    assert model.dropout.p == 0.3
    assert same(parameters(tmp_path / "out"), parameters(tmp_path / "out" / "checkpoint-1"))


def test_a_crf_is_not_made_up_for_a_checkpoint_without(trained, tiny, tmp_path):
    for action in ("--do_eval", "--do_export", "--do_compress"):
        run = words(tiny, tmp_path / "out", action, "--decoder", "crf", model_name_or_path=trained)
        ended = tiny_app.train(run)
        assert ended.code == 2
        assert f"--decoder crf: {trained} was trained without transitions; train it on with --do_train" in ended.err
