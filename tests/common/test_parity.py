# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

import math

from common import parity
from common.cli import UserError

import numpy as np
import pytest


def first(answers):
    return answers["x"].argmax(-1).tolist()


def test_batches_hold_sentences_of_one_length():
    sentences = [[2, 5, 3], [2, 3], [2, 6, 3], [2, 7, 8, 3], [2, 9, 3]]
    found = parity.batches_by_length(sentences, size=2)
    assert [batch.tolist() for batch in found] == [[[2, 3]], [[2, 5, 3], [2, 6, 3]], [[2, 9, 3]], [[2, 7, 8, 3]]]
    assert {batch.dtype for batch in found} == {np.dtype("int64")}
    assert parity.batches_by_length([]) == []


def test_pair_batches_hold_ids_and_types_of_one_length():
    rows = [([2, 5, 3], [0, 0, 1]), ([2, 3], [0, 1]), ([2, 6, 3], [0, 1, 1]), ([2, 9, 3], [0, 0, 0])]
    found = parity.pair_batches_by_length(rows, size=2)
    assert [[array.tolist() for array in batch] for batch in found] == [
        [[[2, 3]], [[0, 1]]],
        [[[2, 5, 3], [2, 6, 3]], [[0, 0, 1], [0, 1, 1]]],
        [[[2, 9, 3]], [[0, 0, 0]]],
    ]
    assert {type(batch) for batch in found} == {tuple}
    assert {array.dtype for batch in found for array in batch} == {np.dtype("int64")}
    assert parity.pair_batches_by_length([]) == []
    with pytest.raises(ValueError, match="row 0: 3 token ids, but 2 token types"):
        parity.pair_batches_by_length([([2, 5, 3], [0, 0])])


def test_compare_finds_the_largest_difference_and_the_changed_decisions():
    reference = [{"x": np.array([[1.0, 0], [0, 1]])}, {"x": np.array([[3.0, 2], [3, 0]])}]
    answers = [{"x": np.array([[1.0, 0], [0, 1.25]])}, {"x": np.array([[3.0, 3.5], [3, 0]])}]
    assert parity.compare(reference, answers, first) == parity.Comparison(max_abs_diff=1.5, agreement=0.75)
    assert parity.compare(reference, reference, first) == parity.Comparison(max_abs_diff=0.0, agreement=1.0)


def test_compare_leaves_out_what_an_engine_of_fixed_length_answers_for_padding():
    reference = [{"x": np.zeros([2, 3])}]
    longer = [{"x": np.concatenate([np.zeros([2, 3]), np.full([2, 4], 9.0)], axis=1)}]
    assert parity.compare(reference, longer, first) == parity.Comparison(max_abs_diff=0.0, agreement=1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_never_passes(value):
    """max() passes over a NaN, and argmax may decide as before: this gate once let such an engine through."""
    reference = [{"x": np.array([[1.0, 0]])}, {"x": np.array([[1.0, 0]])}]
    broken = [{"x": np.array([[1.0, value]])}, {"x": np.array([[1.0, 0]])}]
    result = parity.compare(reference, broken, lambda answers: [0])
    assert result == parity.Comparison(math.inf, 1.0)
    for tolerance in (1e-4, None):
        with pytest.raises(parity.GateFailed):
            parity.require(result, "it", tolerance, 0.0)


def test_require_says_both_figures_and_both_bounds():
    with pytest.raises(parity.GateFailed) as caught:
        parity.require(parity.Comparison(0.5, 0.875), "width 0.5", 1e-4, 0.99)
    message = str(caught.value)
    for part in ("parity gate", "width 0.5", "0.5", "87.50%", "0.0001", "99.00%"):
        assert part in message
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize(
    ("result", "tolerance", "passes"),
    [
        ((1e-5, 1.0), 1e-4, True),
        ((1e-3, 1.0), 1e-4, False),
        ((1e-5, 0.98), 1e-4, False),
        ((5.0, 0.995), None, True),
        ((5.0, 0.985), None, False),
    ],
)
def test_require(result, tolerance, passes):
    result = parity.Comparison(*result)
    if passes:
        parity.require(result, "it", tolerance, 0.99)
    else:
        with pytest.raises(parity.GateFailed):
            parity.require(result, "it", tolerance, 0.99)
