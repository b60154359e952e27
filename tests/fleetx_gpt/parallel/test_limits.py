# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Degrees that are refused."""

import common  # noqa: F401  before paddle
from common.cli import EnvironmentLacks, UserError

import pytest
import tiny
from fleetx.parallel import limits


@pytest.mark.parametrize(
    ("changes", "started", "message"),
    [
        ({"dp_degree": 2}, 1, r"dp 2 x .* = 2 processes are configured, 1 started; start them by .*nproc_per_node 2"),
        ({}, 2, r"= 1 processes are configured, 2 started"),
        ({"dp_degree": 4}, 4, r"= 4 processes need GPUs; on a CPU at most 2 can meet"),
        ({"sharding.sharding_degree": 2, "sharding.sharding_stage": 2}, 2, r"has stage 2 for GPUs only; write 1"),
        ({"sharding.sharding_degree": 2, "sharding.sharding_stage": 3}, 2, r"3 cuts weights into slices .*; write 2"),
        ({"sharding.sharding_degree": 2, "sharding.sharding_offload": True}, 2, r"are in no checkpoint; write False"),
        (
            {"mp_degree": 2, "sharding.sharding_degree": 2, "sharding.sharding_stage": 2},
            4,
            r"2 goes with dp_degree only; write 1",
        ),
    ],
)
def test_degrees_that_are_refused(data, tmp_path, changes, started, message):
    changes = {f"Distributed__{key.replace('.', '__')}": value for key, value in changes.items()}
    settings = tiny.settings(data, tmp_path, Global__device="cpu", **changes)
    with pytest.raises((EnvironmentLacks, UserError), match=message):
        limits.check(settings, started)
