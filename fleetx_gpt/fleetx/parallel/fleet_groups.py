# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fleet's start and its groups of processes, one for each axis of `Distributed`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import paddle
import paddle.distributed as dist
from paddle.distributed import fleet

from fleetx.settings.run import DistributedSettings


@dataclass(frozen=True)
class Axis:
    """The processes that differ in one degree only: fleet's group, this one's rank in it, how many they are."""

    group: Any
    rank: int
    size: int


class Groups:
    """Who shares what with this process.

    Attributes:
        ends: first and last stage of its pipeline, where it is one of them; they both have the token table.
    """

    def __init__(self, degrees: DistributedSettings):
        hcg = self.fleet = fleet.get_hybrid_communicate_group()
        self.rank, self.world = dist.get_rank(), degrees.world
        self.dp = Axis(hcg.get_data_parallel_group(), hcg.get_data_parallel_rank(), degrees.dp_degree)
        self.mp = Axis(hcg.get_model_parallel_group(), hcg.get_model_parallel_rank(), degrees.mp_degree)
        self.pp = Axis(hcg.get_pipe_parallel_group(), hcg.get_stage_id(), degrees.pp_degree)
        sharding = degrees.sharding.sharding_degree
        self.sharding = Axis(hcg.get_sharding_parallel_group(), hcg.get_sharding_parallel_rank(), sharding)
        self.ends = self.pp.group if degrees.pp_degree == 2 else None
        if degrees.pp_degree > 2:  # every process has to be there when a group is made, also those outside
            for ranks in self.fleet.topology().get_comm_list("pipe"):
                group = dist.new_group([ranks[0], ranks[-1]])
                if self.rank in (ranks[0], ranks[-1]):
                    self.ends = group

    @paddle.no_grad()
    def total(self, tensor, group) -> None:
        dist.all_reduce(tensor, group=group)

    def average_gradients(self, parameters: Sequence) -> None:
        from paddle.distributed.fleet.utils.hybrid_parallel_util import fused_allreduce_gradients

        fused_allreduce_gradients(list(parameters), self.fleet)

    def sums(self, values: list[float]) -> list[float]:
        """Over all processes but those that share layers and have the same values."""
        held = paddle.to_tensor(values, "float64")
        for axis in (self.dp, self.sharding, self.pp):
            if axis.size > 1:
                self.total(held, axis.group)
        return held.tolist()

    def wait(self) -> None:
        dist.barrier()


def start(degrees: DistributedSettings, seed: int) -> Groups:
    """Meet the others."""
    strategy = fleet.DistributedStrategy()
    strategy.hybrid_configs = {
        "dp_degree": degrees.dp_degree,
        "mp_degree": degrees.mp_degree,
        "pp_degree": degrees.pp_degree,
        "sharding_degree": degrees.sharding.sharding_degree,
    }
    strategy.tensor_parallel_configs = {"tensor_init_seed": seed}
    fleet.init(is_collective=True, strategy=strategy, log_level="ERROR")
    return Groups(degrees)
