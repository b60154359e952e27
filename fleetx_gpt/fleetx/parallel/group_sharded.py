# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Stage 2 of sharding, which Paddle has for GPUs only: gradients, too, are kept by one process each."""

from typing import Any

from paddle import nn

from fleetx.parallel.fleet_groups import Groups


def wrap(network: nn.Layer, optimizer: Any, groups: Groups) -> tuple[Any, Any]:
    """What is called in place of the network, whose backward hands gradients to their owners, and what updates.

    Not run by any test: no machine at hand has the GPUs for it.
    """
    from paddle.distributed.sharding import group_sharded_parallel

    others = groups.dp.group if groups.dp.size > 1 else None
    model, updater, _ = group_sharded_parallel(network, optimizer, "os_g", group=groups.sharding.group, dp_group=others)
    # As stage 1 does it: a process makes, keeps and saves the states of its own weights only.
    own = [
        weight for weight in optimizer._parameter_list if updater.param2rank.get(weight.name) == groups.sharding.rank
    ]
    optimizer._parameter_list = optimizer._param_groups = own
    return model, updater


def scaler(plain: Any) -> Any:
    """Loss scaling that looks for overflows in all processes' gradients."""
    from paddle.distributed.fleet.meta_parallel.sharding.group_sharded_utils import GroupShardedScaler

    return GroupShardedScaler(plain)
