# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which engine may run which precision on which device, cell by cell, as measured; what a bundle must pass."""

from collections.abc import Sequence

from common.cli import UserError, did_you_mean

RUNS = ""


NO_BF16 = "it has no bf16 switch; take openvino or paddle for bf16"


NO_HALF = "fp16 is for --device gpu; take fp32, or bf16 with openvino or paddle"


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
NEEDS_SCALES = "it would have to calibrate by itself; take paddle_tensorrt for a quantised program"


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


# Correct, but a reader of the answers should know.
SLOW = {
    ("fastdeploy_paddle", "int8"): "FastDeploy's Paddle backend is right on INT8 only without oneDNN, and slow; "
    "fastdeploy_onnxruntime is faster"
}
CPU_ENGINES = tuple(ALLOWED)
MUST_PASS = ("paddle", "onnxruntime")  # the documents' engine and the CPU's default one


def check_gate_engines(
    engines: Sequence[str], must: Sequence[str] = MUST_PASS, known: Sequence[str] = CPU_ENGINES
) -> None:
    """The words after `--gate_engines`.

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
