# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bytes on the wire, and how they are written."""

import common  # noqa: F401  before paddle

from fleetx.parallel import estimate, traffic


def test_what_goes_over_the_wire():
    assert traffic.Traffic(all_reduce=800).on_the_wire(8) == 2 * 7 * 100
    assert traffic.Traffic(reduce=800, broadcast=800, send=5).on_the_wire(2) == 805
    assert estimate.readable(999) == "999 B" and estimate.readable(1_572_864) == "1.50 MiB"
