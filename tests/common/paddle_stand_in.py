# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A stand-in of the module paddle.inference, which records every switch, and jobs for it."""

from pathlib import Path
from types import SimpleNamespace

from common.bundle.bundle import engine_files
from common.engines import paddle
from common.engines.job import Job

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


def job(bundle, engine="paddle_tensorrt", device="gpu", precision="fp32", kind=Job, **more) -> Job:
    return kind(bundle, engine_files(bundle, engine), engine, device, 1, precision, **more)


def opened(given: Job, **stand_in) -> Config:
    """The configuration that a predictor was made with."""
    return paddle.make_predictor(given, Inference(**stand_in)).config
