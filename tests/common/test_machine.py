# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import platform
import sys

from common import machine

import numpy as np


def test_machine_says_what_a_figure_needs():
    report = machine.describe()
    assert report["cores"] >= 1 and report["cpu"]
    assert report["python"] == platform.python_version()
    assert report["libraries"]["numpy"] == np.__version__
    assert set(report["features"]) <= machine.cpu_flags()
    assert sys.platform != "linux" or report["memory_mb"] > 100


def test_peak_memory_grows_with_what_is_held():
    before = machine.peak_rss_mb()
    block = np.ones(100 << 20, np.uint8)
    # memory a test before this one gave back may be used again, so a little less than 100 MB may be new
    assert block[-1] == 1 and machine.peak_rss_mb() >= max(before, 100)
