# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Numbers of processes and of batches."""

from fleetx.settings.run import DistributedSettings, GlobalSettings, ShardingSettings


def test_the_product_of_the_degrees():
    degrees = DistributedSettings(dp_degree=2, mp_degree=4, sharding=ShardingSettings(sharding_degree=3))
    assert degrees.world == 24 and degrees.describe() == "dp 2 x mp 4 x pp 1 x sharding 3 = 24"


def test_accumulated_steps():
    assert GlobalSettings(local_batch_size=12, micro_batch_size=4).accumulate_steps == 3
