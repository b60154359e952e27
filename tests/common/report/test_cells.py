# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from common.report import cells

import pytest


@pytest.mark.parametrize(
    ("own", "base", "expected"),
    [(0.5, 4.0, "0.50 (8.0 ×)"), (0.5, None, "0.50"), (None, 4.0, "–"), (None, None, "–")],
)
def test_a_time_and_how_many_times_as_fast(own, base, expected):
    def row(p50):
        return None if p50 is None else {"end_to_end_ms": {"p50": p50}}

    assert cells.time_and_ratio(row(own), row(base)) == expected


def test_shares_of_the_original():
    assert cells.size({"size_bytes": 5 * cells.MIB}, {"size_bytes": 80 * cells.MIB}) == "5.00 (6 %)"
    assert cells.memory({"peak_rss_mb": 75}, {"peak_rss_mb": 500}) == "75 (15 %)"
    assert cells.memory({"peak_rss_mb": 75}, {}) == "75" and cells.memory(None, None) == "–"


def test_a_metric_is_in_percent_with_the_points_lost():
    row, original = {"metrics": {"f1": 0.79}}, {"metrics": {"f1": 0.8}}
    assert cells.metric(row, "f1", original) == "79.00 (-1.00)" and cells.metric(row, "f1") == "79.00"
    assert cells.metric(row, "accuracy", original) == "–"
