# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The word table learns, and only the words that occur."""

import common  # noqa: F401  before paddle
from common.train.trainer import seed_everything

import numpy as np


def test_warm_start_moves_only_words_that_occur(tiny):
    from aspect.warm_start import warm_words
    from data import Row
    from paddle import nn

    rows = [Row(n, [1, 4 + n % 2, 2], [0, 0, 0], n % 2) for n in range(40)]

    def learn(passes: int) -> tuple[float, list[int]]:
        seed_everything(0)  # table and classifier start from random numbers; two starts cannot be compared
        table = nn.Embedding(8, 6)
        before = table.weight.numpy().copy()
        loss = warm_words(table, rows, 2, passes, 0)
        return loss, np.flatnonzero((table.weight.numpy() != before).any(axis=1)).tolist()

    first, moved = learn(1)
    assert moved == [1, 2, 4, 5]
    later, moved = learn(60)
    assert moved == [1, 2, 4, 5]
    assert later < 0.7 * first
