# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which engine may run which precision on which device, cell by cell, as measured; which engines a bundle must pass."""

from collections.abc import Sequence

from common.bundle import Bundle
from common.cli import UserError, did_you_mean

RUNS = ""
NO_BF16 = "it has no bf16 switch; take openvino or paddle for bf16"
NO_HALF = "fp16 is for --device gpu; take fp32, or bf16 with openvino or paddle"
NEEDS_SCALES = "it would have to calibrate by itself; take paddle_tensorrt for a quantised program"

# Engine and precision on the CPU: RUNS, or why not and what to take instead.
ALLOWED: dict[str, dict[str, str]] = {
    "paddle": {"fp32": RUNS, "bf16": RUNS, "int8": RUNS},
    "onnxruntime": {"fp32": RUNS, "bf16": "its CPU kernels are FP32 and INT8; take openvino for bf16", "int8": RUNS},
    "openvino": {"fp32": RUNS, "bf16": RUNS, "int8": RUNS},
    "paddlelite": {
        "fp32": RUNS,
        "bf16": NO_BF16,
        "int8": "INT8 crashes or gives NaN on x86 (it is right on arm); take onnxruntime here",
    },
    "fastdeploy_paddle": {"fp32": RUNS, "bf16": NO_BF16, "int8": RUNS},
    "fastdeploy_onnxruntime": {"fp32": RUNS, "bf16": NO_BF16, "int8": RUNS},
    "fastdeploy_openvino": {"fp32": RUNS, "bf16": NO_BF16, "int8": RUNS},
}
# Engine and precision on a GPU: not run by us, written from the engines' references.
ALLOWED_GPU: dict[str, dict[str, str]] = {
    "paddle": {"fp32": RUNS, "fp16": RUNS, "int8": "INT8 on a GPU goes through TensorRT; take paddle_tensorrt"},
    "onnxruntime": {"fp32": RUNS, "fp16": "it needs an FP16 model file; take onnxruntime_tensorrt", "int8": RUNS},
    "paddle_tensorrt": {"fp32": RUNS, "fp16": RUNS, "int8": RUNS},
    "onnxruntime_tensorrt": {"fp32": RUNS, "fp16": RUNS, "int8": NEEDS_SCALES},
    "fastdeploy_paddle": {"fp32": RUNS, "fp16": "it has no FP16 switch without TensorRT; take fastdeploy_tensorrt"},
    "fastdeploy_onnxruntime": {"fp32": RUNS, "fp16": "it needs an FP16 model file; take fastdeploy_tensorrt"},
    "fastdeploy_tensorrt": {"fp32": RUNS, "fp16": RUNS, "int8": NEEDS_SCALES},
    "fastdeploy_paddle_tensorrt": {"fp32": RUNS, "fp16": RUNS, "int8": RUNS},
}
ALLOWED_XPU: dict[str, dict[str, str]] = {"paddle": {"fp32": RUNS}, "fastdeploy_paddle": {"fp32": RUNS}}

DEVICES = {"cpu": ALLOWED, "gpu": ALLOWED_GPU, "kunlunxin": ALLOWED_XPU, "xpu": ALLOWED_XPU}
ENGINES = tuple(dict.fromkeys((*ALLOWED, *ALLOWED_GPU)))
CPU_ENGINES = tuple(ALLOWED)
MUST_PASS = ("paddle", "onnxruntime")  # the documents' engine and the CPU's default one

# Correct, but a reader of the answers should know.
SLOW = {
    ("fastdeploy_paddle", "int8"): "FastDeploy's Paddle backend is right on INT8 only without oneDNN, and slow; "
    "fastdeploy_onnxruntime is faster"
}


def check_gate_engines(engines: Sequence[str], must: Sequence[str] = MUST_PASS) -> None:
    """The words after `--gate_engines`.

    Args:
        engines: the words.
        must: engines that have to be among them.

    Raises:
        UserError: an unknown engine, or one is missing that nothing is exported without.
    """
    for engine in engines:
        if engine not in CPU_ENGINES:
            near = did_you_mean(engine, CPU_ENGINES)
            raise UserError(f"--gate_engines: `{engine}`{near}; allowed are {', '.join(CPU_ENGINES)}")
    for engine in must:
        if engine not in engines:
            raise UserError(f"--gate_engines needs {engine}: nothing is exported unchecked; add it")


def check_words(engine: str, device: str, threads: int) -> None:
    """The words of `runtime.load`, before anything is opened.

    Raises:
        UserError: an unknown engine or device, an engine that does not run there, or too few or many threads.
    """
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


def choose_precision(bundle: Bundle, engine: str, device: str, asked: str | None) -> str:
    """The precision asked for, or the bundle's own where None is.

    Raises:
        UserError: a forbidden cell, with its reason, or INT8 asked of an FP32 bundle or the other way round.
    """
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
