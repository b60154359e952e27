# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Shapes collected on a CPU, then times: what a CPU can do of the document's TensorRT commands."""

import shutil
from pathlib import Path

from common.engines import paddle_shapes

from speed_calls import COLLECT, MEASURE, figures, run, typed


def test_the_same_commands_without_tensorrt(tmp_path, place, monkeypatch):
    """What a CPU can do of them: shapes beside the model, then times."""
    shutil.copytree(place, tmp_path / "app", symlinks=True)
    monkeypatch.chdir(tmp_path / "app")
    ended = run(*(word for word in typed(COLLECT) if word != "--use_tensorrt"))
    assert ended.code == 0, ended.err
    path = Path("checkpoints/pp_checkpoints/quant/collect_shape_range_info.pbtxt")
    assert paddle_shapes.read_shapes(path)["input_ids"] == ([14, 22], [16, 22])
    assert f"{path}, shapes of" in ended.out and "in 2 batches" in ended.out
    found = figures(run(*(word for word in typed(MEASURE) if word != "--use_tensorrt")))
    assert "over 10 epochs" in found["mean epoch time"] and found["warm-up"] == "2 batches"
