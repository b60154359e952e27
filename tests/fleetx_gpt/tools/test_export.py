# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What tools/export.py prints."""

import tiny
from calls import call


def test_the_engines_and_the_size_are_told(data, dense, tmp_path):
    given = {"Engine.save_load.ckpt_dir": dense, "Inference.model_dir": tmp_path / "exported"}
    words = [word for key, value in given.items() for word in ("-o", f"{key}={value}")]
    ended = call("tools.export", "-c", tiny.CONFIGS / "small" / "gpt_tiny.yaml", *words)
    assert ended.code == 0, ended.err
    assert "  paddle: difference " in ended.out and "exported (fp32, " in ended.out
