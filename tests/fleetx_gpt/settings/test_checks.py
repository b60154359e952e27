# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bounds that settings share: the first field out of bounds is named."""

from types import SimpleNamespace

import pytest
from fleetx.settings.build import BadValue
from fleetx.settings.checks import above, at_least, share


def test_values_on_the_bound():
    at_least(SimpleNamespace(a=1, b=None), 1, "a", "b")
    share(SimpleNamespace(a=0, b=0.99), "a", "b")
    share(SimpleNamespace(a=1), "a", whole=True)
    above(SimpleNamespace(a=0.1), 0, "a")


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda s: at_least(s, 2, "one"), "must be at least 2, got 1"),
        (lambda s: above(s, 1, "one"), "must be above 1, got 1"),
        (lambda s: share(s, "one"), "must be in [0, 1), got 1"),
        (lambda s: share(s, "two", whole=True), "must be in [0, 1], got 2"),
    ],
)
def test_what_is_out_of_bounds(check, message):
    with pytest.raises(BadValue) as raised:
        check(SimpleNamespace(one=1, two=2))
    assert str(raised.value) == message and raised.value.field in ("one", "two")
