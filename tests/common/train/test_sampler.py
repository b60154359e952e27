# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.train.sampler import SeededSampler

import numpy as np
import paddle
import pytest
from paddle.io import DataLoader
from tiny_training import collate, rows


def sampler(count=50, size=4, seed=1, **changes):
    lengths = [3 + row % 7 for row in range(count)]
    return SeededSampler(list(range(count)), size, lengths, seed, **changes)


def batches(made, epoch=0):
    made.set_epoch(epoch)
    return list(made)


def test_batches_depend_on_seed_and_epoch_only():
    np.random.seed(3)
    paddle.seed(3)
    first = batches(sampler())
    np.random.seed(4)
    paddle.seed(4)
    again = sampler()
    assert batches(again, 1) == batches(sampler(), 1)
    assert batches(again, 0) == first
    assert batches(sampler(), 1) != first
    assert batches(sampler(seed=2)) != first


@pytest.mark.parametrize("count", [1, 3, 48, 50, 300])
def test_every_row_once(count):
    made = sampler(count)
    found = batches(made, 2)
    assert sorted(row for batch in found for row in batch) == list(range(count))
    assert len(found) == len(made) == -(-count // 4)
    assert all(len(batch) <= 4 for batch in found)


def test_two_replicas_share_each_batch_that_one_would_have():
    whole = batches(sampler(48, size=8))
    halves = [batches(sampler(48, replicas=2, rank=rank)) for rank in (0, 1)]
    assert [sorted(one + other) for one, other in zip(*halves, strict=True)] == [sorted(batch) for batch in whole]
    assert {len(batch) for half in halves for batch in half} == {4}


@pytest.mark.parametrize("count", [49, 50, 51])
def test_an_odd_batch_is_filled_up_so_that_replicas_stay_in_step(count):
    halves = [batches(sampler(count, replicas=2, rank=rank)) for rank in (0, 1)]
    assert [len(half) for half in halves] == [len(sampler(count, replicas=2, rank=0))] * 2 == [7, 7]
    assert [len(batch) for batch in halves[0]] == [len(batch) for batch in halves[1]]
    found = [row for half in halves for batch in half for row in batch]
    assert set(found) == set(range(count))
    assert len(found) == count + count % 2


def test_similar_lengths_stand_together():
    """Padding of sorted groups is a fraction of what shuffled batches have; the order of batches is still mixed."""
    random = np.random.default_rng(0)
    lengths = random.integers(3, 17, 640)

    def padding(batches):
        return sum(lengths[batch].max() * len(batch) - lengths[batch].sum() for batch in batches)

    made = batches(SeededSampler(range(640), 16, lengths, 1))
    plain = random.permutation(640).reshape(-1, 16)
    assert padding(made) < 0.2 * padding(plain)
    means = [lengths[batch].mean() for batch in made[:32]]
    assert means != sorted(means)


def test_what_makes_no_whole_step_is_left_out():
    made = sampler(50, multiple=3)
    assert len(batches(made)) == len(made) == 12  # of 13 batches
    left = [set(range(50)) - {row for batch in batches(made, epoch) for row in batch} for epoch in range(3)]
    assert left[0] != left[1] != left[2]
    assert len(sampler(8, multiple=3)) == 2  # fewer batches than a step wants: all are taken


def test_a_data_loader_takes_the_sampler():
    found = list(DataLoader(rows(), batch_sampler=SeededSampler(rows(), 4, [1] * 40, 1), collate_fn=collate))
    assert len(found) == 10
    assert found[0]["input_ids"].shape[0] == 4
