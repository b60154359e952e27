# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Random numbers that follow from seed and step."""

import common  # noqa: F401  before paddle

import paddle
from fleetx.train import seeds


def drawn(*words):
    data = seeds.of_step(*words)
    return data.random(), float(paddle.rand([1]))


def test_numbers_follow_from_seed_step_and_rank():
    assert drawn(1, 2) == drawn(1, 2)
    assert len({drawn(1, 2), drawn(1, 3), drawn(2, 2), drawn(1, 2, 1)}) == 4


def test_stages_of_a_pipeline_draw_other_dropout_for_the_same_rows():
    (rows, dropout), (same_rows, other_dropout) = drawn(1, 2, 0, 0), drawn(1, 2, 0, 1)
    assert rows == same_rows and dropout != other_dropout
