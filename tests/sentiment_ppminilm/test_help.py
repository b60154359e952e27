# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""`--help` is quick because no script loads paddle for it."""

import subprocess
import sys

import common  # noqa: F401  before paddle

import pytest
from tiny_aspects import APP


@pytest.mark.parametrize(
    "script",
    ["train", "evaluate", "export_model", "prune_width", "quant_post", "bench.measure", "predict", "performance_test"],
)
def test_help_is_quick_because_it_loads_no_paddle(script):
    code = (
        f"import sys; sys.argv = ['x']; import {script}; print('paddle' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=APP, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
