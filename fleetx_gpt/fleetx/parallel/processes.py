# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The processes that train together, as one of them sees it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from paddle import nn

from fleetx.models.build import build
from fleetx.models.layers import PlainLayers
from fleetx.parallel import limits
from fleetx.parallel.alone import Alone, Arrays
from fleetx.settings.model import ModelSettings
from fleetx.settings.settings import Settings
from fleetx.state import weights


class Several(Alone):
    """One of several, by the degrees of `Distributed`; fleet knows who shares what."""

    def __init__(self, settings: Settings):
        from fleetx.parallel import fleet_groups

        self.groups = fleet_groups.start(settings.Distributed, settings.Global.seed)
        groups = self.groups
        self.chief = groups.rank == 0
        self.data_ranks = groups.dp.size * groups.sharding.size
        self.data_rank = groups.dp.rank * groups.sharding.size + groups.sharding.rank
        self.stage = groups.pp.rank
        self.level = settings.Distributed.sharding.sharding_stage if groups.sharding.size > 1 else 0
        if groups.pp.size > 1:
            from fleetx.parallel.pipeline import Pipeline

            half = settings.Engine.mix_precision
            self.pipeline = Pipeline(groups.pp.group, half.dtype if half.enable and half.level == "O2" else "float32")

    def layers(self, model: ModelSettings) -> PlainLayers:
        from fleetx.parallel.layers import SharedLayers, StageLayers

        pp, mp = self.groups.pp, self.groups.mp
        if mp.size > 1:
            return SharedLayers(model, mp.group, pp.rank, pp.size)
        return StageLayers(model.initializer_range, pp.rank, pp.size)

    def build(self, model: ModelSettings) -> nn.Layer:
        import paddle

        device = paddle.get_device()
        paddle.set_device("cpu")  # whole, it may be too large for one card
        whole = build(model)
        paddle.set_device(device)
        return self.part(whole)

    def part(self, whole: nn.Layer) -> nn.Layer:
        network = build(whole.settings, whole.shape, self.layers(whole.settings))
        arrays = weights.arrays_of(whole)
        weights.fill(network, network.factory.part(network, arrays), "this process's part")
        if whole.training:
            network.train()
        else:
            network.eval()
        return network

    def updater(self, network: nn.Layer, optimizer: Any) -> tuple[Any, Any]:
        from paddle.distributed import fleet

        if self.level > 1:
            from fleetx.parallel import group_sharded

            return group_sharded.wrap(network, optimizer, self.groups)
        self.mark_tied(optimizer._parameter_list)
        return network, fleet.distributed_optimizer(optimizer)

    def scaler(self, scaler: Any) -> Any:
        from paddle.distributed import fleet

        from fleetx.parallel import group_sharded

        if scaler is None:
            return None
        return group_sharded.scaler(scaler) if self.level > 1 else fleet.distributed_scaler(scaler)

    def mark_tied(self, parameters: list) -> None:
        """The token table stands at both ends of a pipeline: its gradient counts once when a norm is taken."""
        if self.pipeline:
            for weight in parameters:
                if getattr(weight, "tied", False):
                    weight.is_firstly_shared = self.pipeline.first

    def reduce(self, network: nn.Layer) -> None:
        groups = self.groups
        if groups.ends is not None and hasattr(network, "tied") and not network.tied().stop_gradient:
            groups.total(network.tied().grad, groups.ends)
        if groups.dp.size == groups.world:  # else fleet's optimiser does it
            groups.average_gradients(network.parameters())

    def agree(self, network: nn.Layer, largest: bool) -> None:
        from fleetx.parallel import ranges

        others = [axis.group for axis in (self.groups.dp, self.groups.sharding) if axis.size > 1]
        if others:
            ranges.agree(network, others, largest)

    def mean(self, figures: dict[str, float], names: Iterable[str]) -> dict[str, float]:
        names = list(names)
        has = self.pipeline is None or self.pipeline.last
        values = self.groups.sums([figures[name] if has else 0.0 for name in names])
        return {name: value / self.data_ranks for name, value in zip(names, values, strict=True)}

    def answer(self, network: nn.Layer, inputs: Any) -> Any:
        if self.pipeline:
            return self.pipeline.answer(inputs, network, network.boundary)
        return network(inputs)

    def together(self, network: nn.Layer, arrays: Arrays, state: Arrays, folder: Path, everyone: bool = False):
        from fleetx.parallel import pieces
        from fleetx.parallel.layers import axes_of

        groups, axes = self.groups, axes_of(network)
        twice = [name for name in arrays if name.endswith("word_embeddings.weight") and not network.factory.first]
        own = {} if groups.sharding.rank else {name: array for name, array in arrays.items() if name not in twice}
        own |= {name: array for name, array in state.items() if name.partition("/")[0] not in twice}
        for name in state:
            if name.partition("/")[0] in axes and not name.endswith("_pow_acc"):
                axes[name] = axes[name.partition("/")[0]]
        place = (groups.pp.rank * groups.mp.size + groups.mp.rank) * groups.sharding.size + groups.sharding.rank
        number = -1 if groups.dp.rank else place
        rows = getattr(network.settings, "vocab_size", 0)
        whole = pieces.together(folder, number, own, axes, self.wait, everyone or self.chief, rows)
        if whole is None:
            return None, None
        values = {name: array for name, array in whole.items() if "/" not in name}
        return values, {name: array for name, array in whole.items() if "/" in name}

    def wait(self) -> None:
        self.groups.wait()


def started() -> int:
    """Processes that the launcher has started."""
    return int(os.environ.get("PADDLE_TRAINERS_NUM", 1))


def join(settings: Settings) -> Alone:
    """Meet the other processes, if there are any.

    Raises:
        UserError, EnvironmentLacks: degrees that do not fit each other, the processes or the device.
    """
    limits.check(settings, started())
    return Several(settings) if settings.Distributed.world > 1 else Alone()
