# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The schedule of pruning."""

import pytest
from fleetx.settings.compress import PruneSettings


def test_the_pruning_schedule():
    assert PruneSettings(begin_step=4).schedule() == {4: 0.125}
    assert PruneSettings(ratio=0.3, begin_step=2, end_step=10, times=3).schedule() == pytest.approx(
        {2: 0.1, 6: 0.2, 10: 0.3}
    )
