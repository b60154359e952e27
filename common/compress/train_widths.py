# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From a trained checkpoint to a small one per width, in order: score, reorder, train all widths at once, cut out."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from common import parity
from common.compress import distill, ofa
from common.compress.distill import KeepBest, WidthTrainer
from common.models import width
from common.train import trainer as training
from common.train.options import TrainingOptions

from paddle import nn


def train_widths(
    network: nn.Layer,
    options: TrainingOptions,
    *,
    trainer: Callable[..., WidthTrainer],
    encoder_of: Callable[[nn.Layer], nn.TransformerEncoder],
    load: Callable[[], nn.Layer],
    loss_of: Callable[[dict], Any],
    rows: Sequence,
    collate: Callable,
    importance_batches: int,
    folders: dict[float, Path],
    metric: str,
    answers: Callable[[nn.Layer], list[parity.Outputs]],
    decide: Callable[[parity.Outputs], list],
    save: Callable[[nn.Layer, Path, dict], None],
    work: Path,
    reorder: bool = True,
    more: dict | None = None,
) -> None:
    """Leave the best checkpoint of every width in its folder.

    Args:
        network: the trained model; it becomes the super-network.
        options: of the training; its output_dir is not used.
        trainer: (model, args, teacher, widths, keep) by name -> the app's `WidthTrainer` with its data.
        load: gives the trained model once more, plain and of full width.
        loss_of: batch -> `network`'s scalar loss on the labels, for the importance.
        rows, collate: training data and how a batch is made of it; the importance never sees anything else.
        folders: width to the folder of its checkpoint.
        metric: decides between the evaluations of one width.
        answers, decide: a model's outputs on some real texts, and their decisions: each cut is compared with the
            super-network by them.
        save: (small model, folder, what evaluate gave) -> writes the checkpoint.
        work: folder for the super-network's training.
        reorder: False leaves heads and neurons in the order they have, to see what the importance is good for.
        more: options, beside those of the Trainer, that must be the same in a resumed run.

    Raises:
        GateFailed: a cut does not compute what the super-network does at its width.
    """
    teacher = deepcopy(network)
    network.eval()
    if reorder:
        size = options.per_device_train_batch_size
        batches = distill.first_batches(rows, collate, size, options.seed, importance_batches)
        encoder = encoder_of(network)
        ofa.reorder(encoder, ofa.importance(network, encoder, batches, loss_of))
    resume = distill.checkpoint_of_step(options, work, more)
    keep = KeepBest(
        folders,
        metric,
        cut=lambda super_network, ratio: distill.cut_out(super_network, load(), encoder_of, ratio),
        compare=lambda super_network, small: parity.compare(answers(super_network), answers(small), decide),
        save=save,
        resumed=resume is not None,
    )
    arguments = training.arguments(options, output_dir=str(work))
    trainer(model=network, args=arguments, teacher=teacher, widths=list(folders), keep=keep).train(resume)


def told(ratio: float, folder: Path, model: nn.Layer) -> str:
    """One line of a result for the terminal."""
    return f"width {ratio:g}: {folder}, {width.parameter_count(model) / 1e6:.1f} M parameters"
