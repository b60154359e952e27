# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What tools/inference.py says to a name that is no engine."""

import tiny
from calls import call


def test_an_engine_that_is_none():
    ended = call("tools.inference", "-c", tiny.CONFIGS / "small" / "gpt_tiny.yaml", "--engine", "onnxruntim")
    assert ended.code == 2 and "--engine: `onnxruntim` (did you mean `onnxruntime`?)" in ended.err
