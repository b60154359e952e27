# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Devices and precisions that a machine lacks."""

import common  # noqa: F401  before paddle
from common.cli import EnvironmentLacks

import paddle
import pytest
import tiny
from fleetx.settings.run import MixPrecisionSettings
from fleetx.train import place, run


def test_a_machine_that_lacks_what_was_asked_for(data, tmp_path):
    if not paddle.is_compiled_with_cuda():
        with pytest.raises(EnvironmentLacks, match=r"no gpu; pass -o Global.device=cpu"):
            place.prepare(tiny.settings(data, tmp_path, Global__device="gpu"))
    with pytest.raises(
        EnvironmentLacks, match=r"half precision needs a GPU; pass -o Engine.mix_precision.enable=False"
    ):
        place.prepare(tiny.settings(data, tmp_path, Engine__mix_precision__enable=True))
    with pytest.raises(
        EnvironmentLacks, match=r"dp 2 x mp 1 x pp 1 x sharding 1 = 2 processes are configured, 1 started"
    ):
        run.train(tiny.settings(data, tmp_path, Distributed__dp_degree=2, Global__global_batch_size=16))
    assert place.Precision(MixPrecisionSettings()).state() is None
