# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Scores of a training are those of the model, whatever the batches."""

import tiny_app
from tiny_app import words
from trained_runs import printed_scores


def test_evaluating_by_another_batch_size_gives_the_same_scores(trained, tiny, tmp_path):
    """Labels padded with -100 across batches of several lengths must not count (upstream read 0.48 for 0.99)."""
    scores = []
    for size in (1, 7, 25):
        run = words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=trained, per_device_eval_batch_size=size)
        found = printed_scores(tiny_app.train(run).out, "vocabulary")
        found.pop("loss")  # a mean of batch means: it depends on the batches
        scores.append(found)
    assert scores[0] == scores[1] == scores[2]
