# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The engine of performance_test.py: does the request fit the model, on which device does it run, opened."""

from dataclasses import dataclass
from pathlib import Path

from common import files
from common.bundle.bundle import Bundle, engine_files
from common.cli import EnvironmentLacks, UserError, one_line
from common.engines import allowed, devices, job, paddle_shapes, runtime

from aspect.batches import Labelled
from aspect.collect import TENSORRT, shapes_path


@dataclass(frozen=True)
class Request:
    """How the model is to be computed, as the flags say it.

    Attributes:
        engine: a name of `allowed.ENGINES`.
        device: cpu, gpu or xpu; None where the choice is ours.
        threads: of one call on the CPU.
        int8: the user says that the model is INT8.
        fp16: half precision.
        tensorrt: Paddle Inference through TensorRT.
    """

    engine: str
    device: str | None
    threads: int
    int8: bool = False
    fp16: bool = False
    tensorrt: bool = False


def check_precision(request: Request, bundle: Bundle, where: Path) -> None:
    """Raises `UserError` where --int8 or --fp16 says something else than the bundle; `where` is --model_path."""
    if request.int8 and bundle.precision != "int8":
        raise UserError(f"--int8: {where} is an FP32 model; quantise it by quant_post.py, or leave --int8 out")
    if request.tensorrt and bundle.precision == "int8" and not request.int8:
        raise UserError(f"--use_tensorrt without --int8, but {where} is an INT8 model; add --int8")
    if request.fp16 and bundle.precision == "int8":
        raise UserError(f"--fp16: {where} is an INT8 model; give an FP32 model, or leave --fp16 out")


def check_architecture(asked: str | None, bundle: Bundle, where: Path) -> None:
    """Raises `UserError` where --base_model_name, a name or a model's folder, is not what the bundle holds."""
    own = bundle.architecture["name"]
    if asked is not None and own.lower() not in described(asked):
        raise UserError(f"--base_model_name {asked}: {where} is a {own} model; give that name, or leave it out")


def described(name_or_folder: str) -> str:
    """A model's name, or what the configuration in its folder says it is; in lower case."""
    config = Path(name_or_folder) / "config.json"
    content = files.read_json(config, "model configuration") if config.is_file() else {}
    if not isinstance(content, dict) or not content:
        return name_or_folder.lower()
    return f"{content.get('model_type')} {content.get('architectures')}".lower()


def choose_device(request: Request, bundle: Bundle, collecting: bool = False) -> str:
    """`--device`; if not given, a GPU where there is one and the engine can run this model there, else the CPU.

    Args:
        collecting: shapes are collected, which runs an INT8 program on a GPU without TensorRT too.

    Raises:
        EnvironmentLacks: --use_tensorrt where the GPU, or a Paddle that was built for it, is not there.
    """
    if request.tensorrt:
        check_tensorrt(request.int8)
        return "gpu"
    if request.device is not None:
        return request.device
    cells = allowed.ALLOWED_GPU.get(request.engine)
    if request.fp16 or request.engine not in allowed.ALLOWED:
        return "gpu"
    if cells is None or runtime.available(request.engine, "gpu"):
        return "cpu"
    refused = cells.get(bundle.precision, f"{request.engine} does not run {bundle.precision} there")
    if refused and not collecting:
        job.warn(f"on the CPU, though there is a GPU: {refused}")
        return "cpu"
    return "gpu"


def check_tensorrt(int8: bool) -> None:
    """Warns where INT8 is no faster on this GPU.

    Raises:
        EnvironmentLacks: the GPU, or a Paddle that was built for TensorRT, is not there.
    """
    try:
        devices.probe(TENSORRT, "gpu")
    except EnvironmentLacks as lack:
        said = str(lack).replace("take --device cpu", "leave it out to run on the CPU")
        raise EnvironmentLacks(f"--use_tensorrt: {said}") from None
    if int8:
        import paddle

        if slow := devices.slow_int8(paddle.device.cuda):
            job.warn(slow)


def open_predictor(request: Request, bundle: Bundle, device: str, data: Labelled) -> runtime.Predictor:
    """The engine that was asked for; with TensorRT one that is built for the shapes collected on the same data.

    Raises:
        UserError, EnvironmentLacks: as `runtime.load`; no collected shapes, or shapes that are not these batches'.
    """
    precision = "fp16" if request.fp16 else None
    if request.tensorrt:
        return _open_tuned(bundle, device, request.threads, precision or bundle.precision, data)
    return runtime.load(bundle, request.engine, device, request.threads, precision)


def _open_tuned(bundle: Bundle, device: str, threads: int, precision: str, data: Labelled) -> runtime.Predictor:
    path = shapes_path(bundle)
    if not path.exists():
        raise UserError(f"{path}: no such file of shapes; run the same command with --collect_shape first")
    paddle_shapes.check_shapes(path, bundle, data.batches)
    facts = (bundle, engine_files(bundle, TENSORRT), TENSORRT, device, threads, precision)
    tuned = paddle_shapes.TunedJob(*facts, path, data.batch_size)
    try:
        return runtime.Predictor(runtime.open_engine(tuned), tuned)
    except (UserError, EnvironmentLacks):
        raise
    except Exception as fault:  # whatever TensorRT says while it builds
        raise UserError(f"{tuned.files[0]}: TensorRT cannot build it: {one_line(fault)[:200]}") from fault
