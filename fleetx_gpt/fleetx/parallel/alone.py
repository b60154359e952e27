# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A training by one process, and what it answers where several would have to talk to each other."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from paddle import nn

from fleetx.models.build import build
from fleetx.models.layers import PlainLayers
from fleetx.models.shape import Shape
from fleetx.settings.model import ModelSettings
from fleetx.state import weights

Arrays = dict[str, np.ndarray]


class Alone:
    """One process that has everything.

    Attributes:
        chief: whether this is the one that logs and writes.
        data_rank, data_ranks: which share of a step's rows it sees, of how many.
        stage: place in the pipeline.
        pipeline: None where there is none.
    """

    chief, data_rank, data_ranks, stage = True, 0, 1, 0
    pipeline = None

    def layers(self, model: ModelSettings) -> PlainLayers:
        """What makes this process's part of a model's layers."""
        return PlainLayers(model.initializer_range)

    def build(self, model: ModelSettings) -> nn.Layer:
        """A new network, or this process's part of it; the weights follow from the seed, not from how they are cut."""
        return build(model)

    def part(self, whole: nn.Layer) -> nn.Layer:
        """This process's part of a whole network."""
        return whole

    def updater(self, network: nn.Layer, optimizer: Any) -> tuple[Any, Any]:
        """What is called for the network's forward pass, and what makes an update by its `step`."""
        return network, optimizer

    def scaler(self, scaler: Any) -> Any:
        """The loss scaling that all processes agree on."""
        return scaler

    def reduce(self, network: nn.Layer) -> None:
        """Make gradients that several processes have a share of ready for an update."""

    def agree(self, network: nn.Layer, largest: bool) -> None:
        """Make ranges of activations, which depend on the rows a process sees, those of all; behind an update."""

    def mean(self, figures: dict[str, float], names: Iterable[str]) -> dict[str, float]:
        """Mean over the processes that see other rows, of figures that the end of a pipeline has."""
        return figures

    def answer(self, network: nn.Layer, inputs: Any) -> Any:
        """Forward only: the network's logits; None where the end of a pipeline is elsewhere."""
        return network(inputs)

    def together(self, network: nn.Layer, arrays: Arrays, state: Arrays, folder: Path, everyone: bool = False):
        """Weights and an optimiser's state of the whole network, on the chief or on `everyone`; None elsewhere.

        Args:
            folder: where parts are exchanged; all processes have to see it.
        """
        return arrays, state

    def wait(self) -> None:
        """Until all processes are here."""


def whole_network(model: ModelSettings, shape: Shape, arrays: Arrays, training: bool) -> nn.Layer:
    """A network in one process of arrays that were put together."""
    network = build(model, shape)
    weights.fill(network, arrays, "the whole network")
    if training:
        network.train()
    else:
        network.eval()
    return network
