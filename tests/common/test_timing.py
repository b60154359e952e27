# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common import timing

import numpy as np
import pytest


def test_measure_calls_every_item_in_every_pass():
    calls = []
    report = timing.time_calls(calls.append, ["a", "b", "c"], warmup=2, repeats=3)
    assert calls == ["a", "b", "c"] * 5
    assert report.calls == 9
    assert 0 <= report.p50 <= report.p95 and report.mean > 0


def test_measure_counts_in_milliseconds(monkeypatch):
    clock = iter(np.cumsum([0, 2_000_000, 5, 4_000_000, 5, 9_000_000]).tolist())
    monkeypatch.setattr(timing.time, "perf_counter_ns", lambda: next(clock))
    report = timing.time_calls(lambda _: None, [1, 2, 3], warmup=1, repeats=1)
    assert report.p50 == pytest.approx(4.0)
    assert report.p95 == pytest.approx(8.5)  # between 4 and 9, nine tenths of the way
    assert report.mean == pytest.approx(5.0)


@pytest.mark.parametrize(("items", "warmup", "repeats"), [([], 1, 1), ([1], 0, 1), ([1], 1, 0)])
def test_measure_refuses_to_measure_nothing(items, warmup, repeats):
    with pytest.raises(ValueError, match="at least 1"):
        timing.time_calls(print, items, warmup, repeats)


def test_same_answers():
    assert timing.same_answers(lambda item: {"logits": np.full(3, item), "slots": [("a", item)]}, [1, 2])
    counter = iter(range(100))
    assert not timing.same_answers(lambda item: {"logits": np.full(3, next(counter))}, [1, 2])
    assert not timing.same_answers(lambda item: [np.zeros(next(counter))], [1])
    assert not timing.same_answers(lambda item: {str(next(counter)): 1}, [1])
