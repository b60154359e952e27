# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""F1 is that of the positive class."""

import common  # noqa: F401  before paddle

import pytest


def test_f1_is_that_of_the_positive_class():
    """The document's F1; a mean over classes would be 0.7333 here."""
    from aspect.metrics import score
    from data import LabelSet

    scores = score(LabelSet(["0", "1"]), [1, 1, 1, 0, 0], [1, 1, 1, 1, 0])
    assert scores["precision"] == 0.75 and scores["recall"] == 1.0
    assert scores["f1"] == pytest.approx(6 / 7) and scores["f1_0"] == pytest.approx(2 / 3)
    assert scores["macro_f1"] == pytest.approx((6 / 7 + 2 / 3) / 2)
