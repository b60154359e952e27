# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""TensorRT without a GPU: shapes collected by the real library on a CPU, switches as a stand-in records them."""

from pathlib import Path
from types import SimpleNamespace

from common.bundle.bundle import engine_files, read_bundle
from common.cli import EnvironmentLacks, UserError
from common.engines import devices, paddle_config, paddle_shapes
from common.engines.job import TRT_BATCH, Job

import bundle_fixture
import numpy as np
import pytest

BATCHES = [[np.full((2, 9), 5)], [np.full((3, 4), 6)], [np.full((1, 7), 5)]]
PRECISIONS = SimpleNamespace(Float32="Float32", Half="Half", Int8="Int8")


class Config:
    """Takes every switch of a paddle.inference.Config and remembers it."""

    def __init__(self, has_gpu: bool, files: tuple):
        self.has_gpu, self.files, self.calls = has_gpu, files, []

    def use_gpu(self) -> bool:
        return self.has_gpu and "enable_use_gpu" in self.names()

    def names(self) -> list[str]:
        return [name for name, _, _ in self.calls]

    def arguments(self, name: str):
        """(positional, named) of the only call of this name."""
        (call,) = [call for call in self.calls if call[0] == name]
        return call[1:]

    def __getattr__(self, name: str):
        return lambda *words, **named: self.calls.append((name, words, named))


class Inference:
    """A stand-in of the module paddle.inference. A collecting predictor writes what it was fed."""

    PrecisionType = PRECISIONS

    def __init__(self, has_gpu: bool = True):
        self.has_gpu, self.configs, self.fed = has_gpu, [], []

    def Config(self, *files):
        self.configs.append(Config(self.has_gpu, files))
        return self.configs[-1]

    def create_predictor(self, config):
        def feed(array):
            self.fed.append((array.shape, array.dtype))
            Path(path).write_text('shape_range_info {\n  name: "input_ids"\n  min_shape: 1\n  max_shape: 2\n}\n')

        if "collect_shape_range_info" in config.names():
            (path,), _ = config.arguments("collect_shape_range_info")
        return SimpleNamespace(
            config=config, run=lambda: None, get_input_handle=lambda name: SimpleNamespace(copy_from_cpu=feed)
        )


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(bundle_fixture.bundle())


def job(bundle, engine="paddle_tensorrt", device="gpu", precision="fp32", kind=Job, **more) -> Job:
    return kind(bundle, engine_files(bundle, engine), engine, device, 1, precision, **more)


def opened(given: Job, **stand_in) -> Config:
    """The configuration that a predictor was made with."""
    return paddle_config.predictor(given, Inference(**stand_in)).config


# --- the switches
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
    config = paddle_config.predictor(job(bundle, precision="int8"), inference).config
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


def test_a_gpu_that_paddle_does_not_take_is_noticed(bundle):
    """`enable_use_gpu` says nothing where there is none."""
    for engine in ("paddle", "paddle_tensorrt"):
        with pytest.raises(EnvironmentLacks, match=f"{engine}: Paddle did not take the GPU"):
            opened(job(bundle, engine), has_gpu=False)


# --- collecting
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


# --- what the build and the GPU can do
@pytest.mark.parametrize(
    ("built", "found", "said"),
    [
        ((0, 0, 0), (0, 0, 0), "this Paddle was built without TensorRT; it needs an NVIDIA GPU"),
        ((8, 6, 1), (0, 0, 0), "the TensorRT 8.6.1 that this Paddle was built for was not found"),
        ((8, 6, 1), (8, 6, 1), None),
    ],
)
def test_tensorrt_is_asked_for_by_its_versions(built, found, said):
    inference = SimpleNamespace(get_trt_compile_version=lambda: built, get_trt_runtime_version=lambda: found)
    lack = devices.tensorrt_lack(inference)
    assert lack is None if said is None else said in lack


@pytest.mark.parametrize(("capability", "slow"), [((7, 0), True), ((7, 2), False), ((7, 5), False), ((8, 0), False)])
def test_int8_tensor_cores(capability, slow):
    said = devices.slow_int8(SimpleNamespace(get_device_capability=lambda: capability))
    assert bool(said) is slow
    assert not slow or "capability 7.0" in said
