# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from common.report.plot_style import colour, marker, plain_log_axis

import pytest


@pytest.mark.parametrize(("values", "least"), [([34.0, 36.2], 1), ([281.0, 680.0], 3), ([1.0, 400.0], 3)])
def test_a_short_axis_has_more_than_one_number_on_it(values, least):
    """Times between 281 and 680 ms had the one tick 500."""
    from matplotlib import pyplot

    figure, panel = pyplot.subplots()
    plain_log_axis(panel, values)
    assert least <= len(panel.get_xticks()) <= 12
    pyplot.close(figure)


def test_the_narrower_is_the_darker_and_has_another_marker():
    wide, narrow = colour("width_0.8333"), colour("width_0.5")
    assert all(dark <= light for dark, light in zip(narrow, wide, strict=True)) and sum(narrow) < sum(wide)
    assert len({marker(name) for name in ("width_1", "width_0.8333", "width_0.6667", "width_0.5")}) == 4
    assert marker("width_0.5") == marker("width_0.5_int8") and colour("width_0.5") != colour("width_0.5_int8")
