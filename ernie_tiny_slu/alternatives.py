# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Models that a user would make of the same weights without us, for the benchmark: ONNX, dynamic INT8, NNCF.

Each is made in a child process (`common.onnx_quantize`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.bundle import Bundle
from common.data import read_columns

from alternatives_child import hugging_face

QUANTIZE = "common.onnx_quantize"
FP32, DYNAMIC, NNCF = (
    "original, ONNX Runtime FP32",
    "original, ONNX Runtime dynamic INT8",
    "original, NNCF INT8, OpenVINO",
)
UNPADDED = "original, Paddle Inference, PaddleNLP tokenizer, no padding"
CALIBRATION_SENTENCES = 300


def make(
    original: Bundle, calibration_path: Path, folder: Path, child: Callable[..., dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Write all models into `folder`.

    Args:
        calibration_path: training file; the first 300 sentences calibrate NNCF.
        child: called as `child("common.onnx_quantize", {...})`, mostly `measure_jobs.Runner.child`.

    Returns:
        Name of the alternative to "kind" (of `alternatives_child.KINDS`), "model" (the file to open), "size_bytes" (of
        all files that are opened) and, where quantised, "int8_nodes".
    """
    folder.mkdir(parents=True, exist_ok=True)
    fp32, int8, nncf = folder / "fp32.onnx", folder / "dynamic_int8.onnx", folder / "nncf.xml"
    program = {"pdmodel": str(original.path / "model.pdmodel"), "pdiparams": str(original.path / "model.pdiparams")}
    child(QUANTIZE, {"action": "from_program", **program, "onnx": str(fp32)})
    counted = child(QUANTIZE, {"action": "dynamic", "onnx": str(fp32), "to": str(int8)})
    encode, name = hugging_face(original.vocab_path, original.max_length), original.inputs[0]["name"]
    texts = [fields[1] for fields in read_columns(calibration_path, 4)[:CALIBRATION_SENTENCES]]
    feeds = [{name: [encode(text)[0]]} for text in texts]
    calibrated = child(QUANTIZE, {"action": "nncf", "onnx": str(fp32), "to": str(nncf), "feeds": feeds})

    def entry(kind: str, *paths: Path, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "model": str(paths[0]), "size_bytes": sum(p.stat().st_size for p in paths), **more}

    return {
        FP32: entry("onnxruntime", fp32),
        DYNAMIC: entry("onnxruntime", int8, int8_nodes=counted),
        NNCF: entry("openvino", nncf, nncf.with_suffix(".bin"), int8_nodes=calibrated),
    }
