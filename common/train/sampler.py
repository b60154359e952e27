# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The order in which a training reads its rows."""

from collections.abc import Sequence

import common  # noqa: F401  before paddle

import numpy as np
from paddle.io import DistributedBatchSampler


class SeededSampler(DistributedBatchSampler):
    """Batches in an order that depends on seed and epoch only, so that a resumed run sees what it would have.

    Rows of similar length stand together: of a few dozen shuffled batches the rows are sorted by `lengths` and dealt
    out again, and the batches are shuffled. On short sentences that saves a third of the time, all of it padding.
    This is the bucketing of sequence-to-sequence training (Khomenko et al. 2016, "Accelerating recurrent neural
    network training using sequence bucketing and multi-GPU data parallelization"); Hugging Face's Trainer has it as
    `group_by_length`.

    Several processes share each batch, so that they learn what one process with the sum of their rows would; where the
    last rows do not go round, a few of them count twice.

    Args:
        batch_size: rows per process.
        lengths: tokens per row, one number for each row of `dataset`.
        replicas, rank: processes that share the rows, and which of them this one is.
        multiple: batches per optimiser step. The few (other ones in each epoch) that make no whole step are left out:
            the Trainer would carry their gradients into the next epoch, and a run resumed there would not have them.
    """

    GROUP = 32  # batches that are sorted together

    def __init__(
        self,
        dataset,
        batch_size: int,
        lengths: Sequence[int],
        seed: int,
        replicas: int = 1,
        rank: int = 0,
        multiple: int = 1,
    ):
        super().__init__(dataset, batch_size, num_replicas=replicas, rank=rank, shuffle=True)
        self.lengths, self.seed, self.multiple = np.asarray(lengths), seed, multiple

    def __iter__(self):
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(len(self.lengths))
        size = self.batch_size * self.nranks
        span = self.GROUP * size
        groups = [order[start : start + span] for start in range(0, len(order), span)]
        order = np.concatenate([group[np.argsort(self.lengths[group], kind="stable")] for group in groups])
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        for place in random.permutation(len(batches))[: len(self)]:
            rows = batches[place]
            rows = np.resize(rows, len(rows) + -len(rows) % self.nranks)  # begins anew after its last row
            yield rows[self.local_rank :: self.nranks].tolist()

    def __len__(self):
        count = -(-len(self.lengths) // (self.batch_size * self.nranks))
        return count - count % self.multiple if count > self.multiple else count
