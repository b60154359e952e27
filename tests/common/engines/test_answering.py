# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from itertools import count, islice

from common.bundle import read_bundle
from common.cli import UserError
from common.engines import answering

import bundle_fixture
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

UNKNOWN = 1


@given(st.lists(st.integers(), max_size=30), st.integers(1, 7), st.integers(1, 3))
def test_batches_keep_every_item_in_order(items, size, ahead):
    found = list(answering.batches(items, size, ahead))
    assert [item for batch in found for item in batch] == items
    assert all(len(batch) == (size * ahead if size > 1 else 1) for batch in found[:-1])


def test_batches_of_an_endless_stream_come_as_they_fill():
    assert list(islice(answering.batches(count(), 2), 2)) == [[0, 1], [2, 3]]


def test_a_batch_of_none_is_refused_before_anything_is_read():
    with pytest.raises(UserError, match="--batch_size must be at least 1, got 0"):
        answering.batches(iter(()), 0)


def test_rows_are_padded_to_the_longest():
    found = answering.padded([[5], [6, 7, 8]], 9, np.int32)
    assert found.tolist() == [[5, 9, 9], [6, 7, 8]] and found.dtype == np.int32


def test_the_first_of_equal_logits_wins_and_large_ones_do_not_overflow():
    assert answering.best_class([1.0, 1.0]) == (0, 0.5)
    assert answering.best_class([-1000.0, 1000.0]) == (1, 1.0)


@pytest.mark.parametrize(
    ("ids", "types", "empty"),
    [
        ([2, 3], [0, 0], True),
        ([2, UNKNOWN, 3], [0, 0, 0], True),
        ([2, UNKNOWN, 9, 3], [0, 0, 0, 0], False),
        ([2, 9, 3, 9, 3], [0, 0, 0, 1, 1], False),
        ([2, UNKNOWN, 3, 9, 3], [0, 0, 0, 1, 1], True),
        ([2, 9, 3, 3], [0, 0, 0, 1], True),
    ],
)
def test_each_text_needs_a_known_token(ids, types, empty):
    assert answering.has_empty_side(ids, types, UNKNOWN) is empty


def test_lengths_are_those_of_the_bundle():
    bundle = read_bundle(bundle_fixture.bundle())
    assert answering.check_length(None, bundle, 3) == bundle.max_length
    assert answering.check_length(3, bundle, 3) == 3
    for wrong in (2, bundle.max_length + 1):
        with pytest.raises(UserError, match=f"--max_length {wrong}: .* give 3 to {bundle.max_length}"):
            answering.check_length(wrong, bundle, 3)
