# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From a trained checkpoint to a small one per width, in order: score, reorder, train all widths at once, cut out."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from common import parity
from common.compress import distill, ofa
from common.compress.distill import KeepBest, WidthTrainer
from common.models import width
from common.train import trainer
from common.train.options import TrainingOptions

from paddle import nn


class App:
    """What the training of widths asks of an app. An app derives from it and has its data and its model in `self`."""

    def trainer(self, **parts: Any) -> WidthTrainer:
        """The app's trainer with its data, of `model`, `args`, `teacher`, `widths` and `keep`."""
        raise NotImplementedError

    def encoder_of(self, network: nn.Layer) -> nn.TransformerEncoder:
        """The layers that become narrow."""
        raise NotImplementedError

    def load(self) -> nn.Layer:
        """The trained model once more, plain and of full width."""
        raise NotImplementedError

    def first_batches(self, count: int) -> list[dict]:
        """Training batches on which heads and neurons are scored; the importance never sees anything else."""
        raise NotImplementedError

    def loss(self, network: nn.Layer, batch: dict) -> Any:
        """The network's scalar loss on the labels of a batch, for the importance."""
        raise NotImplementedError

    def compare(self, super_network: nn.Layer, small: nn.Layer) -> parity.Comparison:
        """The super-network, which stands at a width, with the model that was cut out at it, on some real texts."""
        raise NotImplementedError

    def save(self, super_network: nn.Layer, small: nn.Layer, share: float, folder: Path, evaluated: dict) -> None:
        """Write the checkpoint of one width.

        Args:
            super_network: stands at this width.
            share: the width, of the heads and feed-forward neurons.
            evaluated: what the Trainer's evaluation gave; its metrics go into the record.
        """
        raise NotImplementedError


def train_widths(
    network: nn.Layer,
    app: App,
    folders: Mapping[float, Path],
    work: Path,
    options: TrainingOptions,
    metric: str,
    importance_batches: int,
    reorder: bool = True,
    more: dict | None = None,
) -> None:
    """Leave the best checkpoint of every width in its folder (DynaBERT, Hou et al. 2020).

    Args:
        network: the trained model, changed in place into the super-network.
        app: data, trainer and checkpoints of the app.
        folders: width to the folder of its checkpoint.
        work: folder for the super-network's training.
        options: of the training; its output_dir is not used.
        metric: decides between the evaluations of one width.
        importance_batches: training batches on which heads and neurons are scored.
        reorder: False leaves heads and neurons in the order they have, to see what the importance is good for.
        more: options, beside those of the Trainer, that must be the same in a resumed run.

    Raises:
        GateFailed: a cut does not compute what the super-network does at its width.
    """
    teacher = deepcopy(network)
    network.eval()
    encoder = app.encoder_of(network)
    if reorder:
        # The important heads and neurons come first, so that every width keeps them.
        batches = app.first_batches(importance_batches)
        ofa.reorder(encoder, ofa.importance(network, encoder, batches, lambda batch: app.loss(network, batch)))
    resume = distill.checkpoint_of_step(options, work, more)
    keep = KeepBest(
        dict(folders),
        metric,
        cut=lambda super_network, share: distill.cut_out(super_network, app.load(), app.encoder_of, share),
        compare=app.compare,
        save=app.save,
        resumed=resume is not None,
    )
    arguments = trainer.arguments(options, output_dir=str(work))
    app.trainer(model=network, args=arguments, teacher=teacher, widths=list(folders), keep=keep).train(resume)


def describe(share: float, folder: Path, network: nn.Layer) -> str:
    """One line of a result for the terminal."""
    return f"width {share:g}: {folder}, {width.parameter_count(network) / 1e6:.1f} M parameters"
