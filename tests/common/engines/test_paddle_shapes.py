# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Shapes collected by the real library on a CPU, and by a stand-in on a GPU."""

from common.bundle import read_bundle
from common.cli import EnvironmentLacks, UserError
from common.engines import paddle_shapes

import bundle_fixture
import numpy as np
import pytest
from paddle_stand_in import Inference, job

BATCHES = [[np.full((2, 9), 5)], [np.full((3, 4), 6)], [np.full((1, 7), 5)]]


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(bundle_fixture.bundle())


def test_shapes_are_collected_on_a_cpu_by_the_real_library(bundle, tmp_path):
    path = tmp_path / "shapes.pbtxt"
    assert paddle_shapes.collect_shapes(job(bundle, "paddle", "cpu"), BATCHES, path) == 3
    ranges = paddle_shapes.read_shapes(path)
    assert ranges["input_ids"] == ([1, 4], [3, 9])
    assert len(ranges) > 20, "the tensors inside the program too"
    assert [entry.name for entry in tmp_path.iterdir()] == ["shapes.pbtxt"]
    paddle_shapes.check_shapes(path, bundle, BATCHES)


@pytest.mark.parametrize("shape", [(4, 9), (3, 10), (1, 3)])
def test_batches_beyond_the_collected_shapes_are_refused(bundle, tmp_path, shape):
    path = tmp_path / "shapes.pbtxt"
    paddle_shapes.collect_shapes(job(bundle, "paddle", "cpu"), BATCHES, path)
    with pytest.raises(UserError) as caught:
        paddle_shapes.check_shapes(path, bundle, [*BATCHES, [np.ones(shape)]])
    said = f"`input_ids` is {list(shape)}, but [1, 4] to [3, 9] was collected; collect them again with --collect_shape"
    assert said in str(caught.value)


def test_shapes_of_another_program_are_refused(bundle, tmp_path):
    path = tmp_path / "shapes.pbtxt"
    paddle_shapes.collect_shapes(job(bundle, "paddle", "cpu"), BATCHES, path)
    written = path.read_text()
    path.write_text(written.replace(bundle.manifest["files"]["model.pdmodel"]["sha256"], "0" * 64))
    with pytest.raises(UserError, match=r"collected from another program than .* holds; collect them again"):
        paddle_shapes.check_shapes(path, bundle, BATCHES)
    path.write_text(written.split("\n", 1)[1])  # a file of Paddle's own does not say
    paddle_shapes.check_shapes(path, bundle, BATCHES)
    path.write_text(written.replace('"input_ids"', '"ids"'))
    with pytest.raises(UserError, match="no shapes of the input `input_ids`"):
        paddle_shapes.check_shapes(path, bundle, BATCHES)


@pytest.mark.parametrize("content", ["", "shapes", 'shape_range_info { name: "x }', "\x00"])
def test_a_file_without_shapes(tmp_path, content):
    path = tmp_path / "shapes.pbtxt"
    path.write_text(content)
    with pytest.raises(UserError, match=r"shapes\.pbtxt: no shapes in it"):
        paddle_shapes.read_shapes(path)


def test_no_batch_leaves_the_file_as_it_was(bundle, tmp_path):
    path = tmp_path / "shapes.pbtxt"
    path.write_text("before")
    with pytest.raises(UserError, match="no batch to collect shapes from"):
        paddle_shapes.collect_shapes(job(bundle, "paddle", "cpu"), [], path)
    assert path.read_text() == "before"


def test_shapes_are_collected_on_a_gpu_without_tensorrt(bundle, tmp_path):
    inference = Inference()
    paddle_shapes.collect_shapes(job(bundle, "paddle"), BATCHES, tmp_path / "shapes.pbtxt", inference)
    (config,) = inference.configs
    assert config.arguments("enable_use_gpu") == ((256, 0, "Float32"), {})
    assert not [name for name in config.names() if "tensorrt" in name]
    assert inference.fed == [((2, 9), np.int32), ((3, 4), np.int32), ((1, 7), np.int32)]
    with pytest.raises(EnvironmentLacks, match="Paddle did not take the GPU"):
        paddle_shapes.collect_shapes(job(bundle, "paddle"), BATCHES, tmp_path / "x", Inference(has_gpu=False))
