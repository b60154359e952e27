# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""evaluate.py through its main: scores, labels, refusals."""

import common  # noqa: F401  before paddle

from calls import call


def test_evaluate_gives_the_scores_of_scikit_learn(tiny, trained):
    ended = call("evaluate", "--checkpoints", trained, "--test_path", tiny.dev, "--max_seq_len", 32)
    assert ended.code == 0, ended.err
    assert "f1 1.0000  precision 1.0000  recall 1.0000  accuracy 1.0000  f1_0 1.0000  f1_1 1.0000" in ended.out


def test_labels_must_be_those_of_the_training(tiny, trained, tmp_path):
    other = tmp_path / "label.dict"
    other.write_text("bad\ngood\n")
    ended = call("evaluate", "--checkpoints", trained, "--test_path", tiny.dev, "--label_path", other)
    assert ended.code == 2 and "labels bad, good, but the model was trained with 0, 1" in ended.err


def test_a_pretrained_folder_is_no_trained_checkpoint(tiny):
    ended = call("evaluate", "--checkpoints", tiny.pretrained(), "--test_path", tiny.dev)
    assert ended.code == 2 and ended.err.count("\n") == 1
