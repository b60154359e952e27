# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.bundle.stage_names import width_of, width_stage

import pytest


@pytest.mark.parametrize(
    ("ratio", "int8", "name"),
    [
        (5 / 6, False, "width_0.8333"),
        (2 / 3, True, "width_0.6667_int8"),
        (0.5, False, "width_0.5"),
        (1, True, "width_1_int8"),
    ],
)
def test_a_stage_is_called_by_its_width(ratio, int8, name):
    assert width_stage(ratio, int8) == name
    assert width_of(name) == (pytest.approx(ratio, abs=1e-4), int8)


@pytest.mark.parametrize(
    "name", ["width", "width_int8", "width_1.5", "width_0", "width_0.0", "width_0.5_int4", "width_"]
)
def test_other_names_are_of_no_width(name):
    assert width_of(name) is None
