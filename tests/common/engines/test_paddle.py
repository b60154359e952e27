# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""TensorRT without a GPU: switches as a stand-in records them."""

from pathlib import Path

from common.bundle import read_bundle
from common.engines import paddle, paddle_shapes
from common.engines.job import TRT_BATCH

import bundle_fixture
import numpy as np
import pytest
from paddle_stand_in import Inference, job, opened


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(bundle_fixture.bundle())


@pytest.mark.parametrize(
    ("precision", "plain", "inside"),
    [("fp32", "Float32", "Float32"), ("fp16", "Half", "Half"), ("int8", "Float32", "Int8")],
)
def test_tensorrt_for_collected_shapes(bundle, precision, plain, inside):
    given = job(bundle, precision=precision, kind=paddle_shapes.TunedJob, ranges=Path("/x/shapes.pbtxt"), batch=16)
    config = opened(given)
    assert config.files == tuple(str(bundle.path / name) for name in ("model.pdmodel", "model.pdiparams"))
    assert config.arguments("enable_use_gpu") == ((256, 0, plain), {})
    _, switches = config.arguments("enable_tensorrt_engine")
    assert switches == {
        "workspace_size": 1 << 30,
        "max_batch_size": 16,
        "min_subgraph_size": 5,
        "precision_mode": inside,
        "use_static": False,
        "use_calib_mode": False,
    }
    assert config.arguments("enable_tuned_tensorrt_dynamic_shape") == (("/x/shapes.pbtxt", True), {})
    assert "collect_shape_range_info" not in config.names()


def test_tensorrt_without_collected_shapes_collects_the_widest(bundle):
    inference = Inference()
    config = paddle.make_predictor(job(bundle, precision="int8"), inference).config
    assert inference.fed == [((1, 2), np.int32), ((TRT_BATCH, bundle.max_length), np.int32)]
    collector = inference.configs[1]
    (collected,), _ = collector.arguments("collect_shape_range_info")
    assert "enable_tensorrt_engine" not in collector.names() and "enable_use_gpu" in collector.names()
    assert config.arguments("enable_tuned_tensorrt_dynamic_shape") == ((collected, True), {})
    _, switches = config.arguments("enable_tensorrt_engine")
    assert (switches["max_batch_size"], switches["precision_mode"]) == (TRT_BATCH, "Int8")


@pytest.mark.parametrize("device", ["cpu", "gpu", "kunlunxin"])
def test_tuned_shapes_are_switched_on_with_tensorrt_only(bundle, device):
    """Upstream's performance_test.py switched them on for every run; a build without TensorRT takes that in silence."""
    config = opened(job(bundle, "paddle", device))
    assert not [name for name in config.names() if "tensorrt" in name or "shape" in name]
