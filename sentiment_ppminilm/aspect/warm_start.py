# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A start for random weights: the word table learns from a bag-of-words classifier what single words say.

A deep encoder with random words sees no signal for hundreds of steps. A linear classifier on the mean of the word
vectors (fastText, Joulin et al. 2017) finds most of it in seconds; the encoder then goes on from these vectors.
"""

from collections.abc import Sequence

from common.train.sampler import SeededSampler

import numpy as np
import paddle
from data import Row, collate
from paddle import nn
from paddle.nn import functional as F

RATE, BATCH = 3e-3, 32


def warm_words(table: nn.Embedding, rows: Sequence[Row], classes: int, epochs: int, seed: int) -> float:
    """Train the table's vectors, in place, under a linear classifier on their mean.

    Args:
        rows: training rows; only the vectors of tokens that occur in them move.
        epochs: passes over the rows.

    Returns:
        The mean loss of the last pass.
    """
    used = np.unique(np.concatenate([row.ids for row in rows]))
    place_of = np.zeros(table.weight.shape[0], "int64")
    place_of[used] = np.arange(len(used))
    words = nn.Embedding(len(used), table.weight.shape[1])  # only these: the optimiser would visit every row otherwise
    words.weight.set_value(table.weight.numpy()[used])
    head = nn.Linear(table.weight.shape[1], classes)
    optimizer = paddle.optimizer.Adam(RATE, parameters=[*words.parameters(), *head.parameters()])
    sampler = SeededSampler(rows, BATCH, [len(row.ids) for row in rows], seed)
    loss = float("nan")
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        losses = []
        for places in sampler:
            batch = collate([rows[place] for place in places])
            real = paddle.to_tensor((batch["input_ids"] != 0).astype("float32")).unsqueeze(-1)
            vectors = words(paddle.to_tensor(place_of[batch["input_ids"]])) * real
            step_loss = F.cross_entropy(head(vectors.sum(axis=1) / real.sum(axis=1)), paddle.to_tensor(batch["label"]))
            step_loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            losses.append(float(step_loss))
        loss = float(np.mean(losses))
    values = table.weight.numpy()
    values[used] = words.weight.numpy()
    table.weight.set_value(values)
    return loss
