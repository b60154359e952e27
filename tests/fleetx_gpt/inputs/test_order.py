# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The order of rows."""

from common.cli import UserError

import numpy as np
import pytest
from fleetx.inputs.order import Order


def test_the_order_follows_from_the_step():
    order = Order(rows=11, step_rows=4, seed=3)
    assert order.steps_per_epoch == 2 and [order.epoch_of(step) for step in range(5)] == [0, 0, 1, 1, 2]
    first = np.concatenate([order.of_step(0), order.of_step(1)])
    assert len(set(first)) == 8 and not np.array_equal(first, np.concatenate([order.of_step(2), order.of_step(3)]))
    np.testing.assert_array_equal(Order(11, 4, 3).of_step(1), first[4:])
    assert not np.array_equal(Order(11, 4, 4).of_step(0), first[:4])
    shared = [order.of_step(1, rank, 2) for rank in range(2)]
    assert sorted(np.concatenate(shared)) == sorted(first[4:])
    assert Order(11, 4, 3, shuffle=False).of_step(3).tolist() == [4, 5, 6, 7]
    with pytest.raises(UserError, match=r"3 rows make no step of 4"):
        Order(3, 4, 0)
