# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""`load(bundle, engine=...)`: every engine behind the same call, and only where it is known to be right.

An engine answers garbage on some precisions without an error. ALLOWED says, cell by cell, what was measured to run;
a forbidden cell is refused with its reason. Nothing is imported but the engine that is asked for.
"""

import importlib.util
import platform
from pathlib import Path

from common import machine
from common.bundle.bundle import Bundle, engine_files, file_bytes, read_bundle
from common.cli import EnvironmentLacks, UserError, did_you_mean, one_line
from common.engines import devices
from common.engines.allowed import ALLOWED, ALLOWED_GPU, DEVICES, ENGINES, NO_HALF, SLOW
from common.engines.fastdeploy import FastDeploy
from common.engines.job import SATURATES, Job, warn
from common.engines.onnx_runtime import OnnxRuntime
from common.engines.openvino import OpenVino
from common.engines.paddle import Paddle
from common.engines.paddle_lite import PaddleLite

import numpy as np

Engine = OnnxRuntime | OpenVino | Paddle | PaddleLite | FastDeploy


class Predictor:
    """A loaded bundle. Make one with `load`.

    Attributes:
        bundle, engine, precision, device: what was loaded, and how it computes.
        pad_to: length the engine wants every sentence padded to; None where lengths may come as they are.
        file_bytes: size of the model files it opened.
    """

    def __init__(self, engine: Engine, job: Job):
        self.bundle, self.engine, self.precision, self.device = job.bundle, job.engine, job.precision, job.device
        self.pad_to = job.bundle.max_length if job.engine == "paddlelite" else None
        self.file_bytes = file_bytes(job.bundle, job.engine)
        self._engine = engine
        self._dtypes = [np.dtype(each["dtype"]) for each in self.bundle.inputs]
        self._positions = self.bundle.architecture["positions"]
        self._names = [each["name"] for each in self.bundle.outputs]
        given = engine.output_names
        self._order = [given.index(name) if set(self._names) <= set(given) else i for i, name in enumerate(self._names)]

    def run(self, *inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Run one batch.

        Args:
            inputs: integers [batch, length], in the order of the manifest's inputs (mostly only input_ids); shorter
                sentences padded with the bundle's pad_id. A length below `pad_to` is padded here.

        Returns:
            float32 arrays by name, in the manifest's order. Where an output has a length axis it is the length of the
            input, or `pad_to`.

        Raises:
            ValueError: wrong number of inputs, not two axes, or longer than the position table.
        """
        arrays = [np.ascontiguousarray(array, dtype) for array, dtype in zip(inputs, self._dtypes, strict=True)]
        for array in arrays:
            if array.ndim != 2 or not 1 <= array.shape[1] <= self._positions:
                raise ValueError(f"input of shape {array.shape}: it must be [batch, 1 to {self._positions} tokens]")
        if self.pad_to is not None and arrays[0].shape[1] < self.pad_to:
            width = ((0, 0), (0, self.pad_to - arrays[0].shape[1]))
            fills = [self.bundle.pad_id] + [0] * len(arrays)
            arrays = [np.pad(array, width, constant_values=fill) for array, fill in zip(arrays, fills, strict=False)]
        answers = self._engine.run(arrays)
        return {name: answers[place] for name, place in zip(self._names, self._order, strict=True)}


def load(
    bundle: Bundle | Path | str,
    engine: str = "onnxruntime",
    device: str = "cpu",
    threads: int = 1,
    precision: str | None = None,
) -> Predictor:
    """Open a bundle in an engine, and run it once to see that it answers.

    Args:
        bundle: the folder, which is checked first, or a bundle that `read_bundle` has checked.
        engine: one of ENGINES.
        device: cpu, gpu, kunlunxin (also written xpu).
        threads: CPU threads of one call.
        precision: what to compute in: the bundle's own (None), "bf16" on a CPU or "fp16" on a GPU for an FP32 bundle.

    Raises:
        UserError: a damaged bundle, an unknown or forbidden combination, or a model the engine does not read.
        EnvironmentLacks: the engine's library, the device, or a CPU feature asked for by name is not there.
    """
    _check_words(engine, device, threads)
    if not isinstance(bundle, Bundle):
        bundle = read_bundle(bundle)
    precision = _precision(bundle, engine, device, precision)
    gate = bundle.engine(engine)
    if gate is not None and not gate["passed"]:
        raise UserError(f"{bundle.path}: the parity gate did not pass on {engine}; take another engine or export again")
    missing = _missing_package(engine)
    if missing:
        raise EnvironmentLacks(missing)
    if precision == "bf16" and not machine.has_bf16():
        raise EnvironmentLacks(f"{engine}: this CPU has no bf16 (avx512_bf16 or amx_bf16); take --precision fp32")
    files = engine_files(bundle, engine)
    if (engine, precision) in SLOW and device == "cpu":
        warn(SLOW[engine, precision])
    job = Job(bundle, files, engine, "kunlunxin" if device == "xpu" else device, threads, precision)
    try:
        opened = open_engine(job)
    except (UserError, EnvironmentLacks):
        raise
    except ImportError as fault:
        raise EnvironmentLacks(f"{engine}: its library does not load: {one_line(fault)[:200]}") from fault
    except Exception as fault:
        raise UserError(
            f"{files[0]}: {engine} cannot open it: {one_line(fault)[:200]}; take another engine or export again"
        ) from fault
    _check_inputs(opened, job)
    predictor = Predictor(opened, job)
    _try(predictor)
    return predictor


def available(engine: str, device: str | None = None) -> str | None:
    """Why an engine cannot be had here at all, or None. CPU engines are looked for, not imported.

    Without a device: on the CPU, or on a GPU where the engine runs nowhere else.
    """
    device = device or ("gpu" if engine in ALLOWED_GPU and engine not in ALLOWED else "cpu")
    _check_words(engine, device, 1)
    missing = _missing_package(engine)
    if missing or device == "cpu":
        return missing
    try:
        devices.probe(engine, "kunlunxin" if device == "xpu" else device)
    except EnvironmentLacks as lack:
        return str(lack)
    return None


def _check_words(engine: str, device: str, threads: int) -> None:
    if engine not in ENGINES:
        raise UserError(f"unknown engine `{engine}`{did_you_mean(engine, ENGINES)}; there are {', '.join(ENGINES)}")
    if device not in DEVICES:
        raise UserError(f"unknown device `{device}`{did_you_mean(device, DEVICES)}; there are {', '.join(DEVICES)}")
    if engine not in DEVICES[device]:
        there = ", ".join(DEVICES[device])
        raise UserError(f"{engine} does not run on {device}; engines that do: {there}")
    if threads < 1:
        raise UserError(f"threads must be at least 1, got {threads}")
    if threads > 1 and engine == "paddlelite":
        raise UserError(f"paddlelite runs on one thread here, got {threads}; take onnxruntime for more")


def _precision(bundle: Bundle, engine: str, device: str, asked: str | None) -> str:
    precision = asked or bundle.precision
    cells = DEVICES[device][engine]
    if precision != bundle.precision and "int8" in (precision, bundle.precision):
        raise UserError(
            f"{bundle.path}: an {bundle.precision} bundle does not run as {precision}; give the {precision} bundle, "
            "or leave the precision out"
        )
    if precision in cells and not cells[precision]:
        return precision
    known = ", ".join(name for name, reason in cells.items() if not reason)
    reason = cells.get(precision) or (NO_HALF if precision == "fp16" and device == "cpu" else f"it runs {known} there")
    raise UserError(f"{engine} on {device} is not allowed with {precision}: {reason}")


def _missing_package(engine: str) -> str | None:
    family = engine.split("_")[0]
    if importlib.util.find_spec(family) is None:
        return f"{engine}: the Python package `{family}` is not installed; install requirements.lock"
    return None


def _check_inputs(opened: Engine, job: Job) -> None:
    declared = {each["name"]: each["dtype"] for each in job.bundle.inputs}
    if set(declared) != set(opened.input_types):
        raise UserError(
            f"{job.files[0]}: its inputs are {', '.join(sorted(opened.input_types))}, but the manifest says "
            f"{', '.join(sorted(declared))}; export the bundle again"
        )
    for name, dtype in declared.items():
        if opened.input_types[name] != dtype:
            raise UserError(
                f"{job.files[0]}: `{name}` is {opened.input_types[name]}, but the manifest says {dtype}; "
                "export the bundle again with the right --input_dtype"
            )
    if len(opened.output_names) != len(job.bundle.outputs):
        raise UserError(
            f"{job.files[0]}: {len(opened.output_names)} outputs, but the manifest says {len(job.bundle.outputs)}; "
            "export the bundle again"
        )


def _try(predictor: Predictor) -> None:
    """One run on a made-up sentence (two for INT8): shapes as the manifest says, finite, and the same again."""
    bundle, engine = predictor.bundle, predictor.engine
    length = min(4, bundle.max_length)
    sentence = [np.ones((1, length), np.int64)] + [np.zeros((1, length), np.int64)] * (len(bundle.inputs) - 1)
    try:
        answers = predictor.run(*sentence)
        again = predictor.run(*sentence) if predictor.precision == "int8" else answers
    except Exception as fault:
        raise UserError(
            f"{bundle.path}: {engine} opened it but cannot run it: {one_line(fault)[:200]}; take another engine"
        ) from fault
    for declared in bundle.outputs:
        name, array = declared["name"], answers[declared["name"]]
        if array.ndim != len(declared["shape"]) or array.shape[-1] != declared["shape"][-1]:
            raise UserError(
                f"{bundle.path}: {engine} gives `{name}` the shape {list(array.shape)}, but the manifest says "
                f"{declared['shape']}; export the bundle again"
            )
        if not np.isfinite(array).all() or not np.array_equal(array, again[name]):
            what = "changes from run to run" if np.isfinite(array).all() else "is not finite"
            raise UserError(f"{bundle.path}: {engine} answers wrongly: `{name}` {what}; take another engine")


def open_engine(job: Job) -> Engine:
    """The engine of a job's name, its model loaded.

    Raises:
        EnvironmentLacks: the device or this kind of machine is not for it.
        Exception: whatever the library raises at a model it does not read.
    """
    devices.probe(job.engine, job.device)
    if job.engine == "fastdeploy_openvino" and job.saturates and job.files[0].suffix != ".onnx":
        raise EnvironmentLacks(f"{job.engine}: {SATURATES} in a Paddle program; take onnxruntime")
    if job.engine.startswith("fastdeploy"):
        return FastDeploy(job)
    if job.engine.startswith("paddle") and platform.machine() not in ("x86_64", "AMD64"):
        raise EnvironmentLacks(
            f"{job.engine}: its wheels are for x86-64, this is {platform.machine()}; take onnxruntime"
        )
    kinds = {"onnxruntime": OnnxRuntime, "openvino": OpenVino, "paddlelite": PaddleLite, "paddle": Paddle}
    return kinds[job.engine.removesuffix("_tensorrt")](job)
