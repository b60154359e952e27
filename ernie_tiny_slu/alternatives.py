# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Models that a user would make of the same weights without us, for the benchmark: ONNX, dynamic INT8, NNCF.

Each is made in a child process (`python -m alternatives`): the libraries hold memory, and paddle2onnx aborts the
process it is in when it does not like a model.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import bench
from common.bundle import Bundle

FP32, DYNAMIC, NNCF = (
    "original, ONNX Runtime FP32",
    "original, ONNX Runtime dynamic INT8",
    "original, NNCF INT8, OpenVINO",
)
UNPADDED = "original, Paddle Inference, PaddleNLP tokenizer, no padding"
CALIBRATION_SENTENCES = 300
OPSET = 17  # the one of our own files


def make(
    original: Bundle, calibration_path: Path, folder: Path, child: Callable[..., dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Write all models into `folder`.

    Args:
        calibration_path: training file; the first 300 sentences calibrate NNCF.
        child: called as `child("alternatives", {...})`, mostly `bench.run_child` with a folder and an environment.

    Returns:
        Name of the alternative to "kind" (of `alternatives_child.KINDS`), "model" (the file to open), "size_bytes" (of
        all files that are opened) and, where quantised, "int8_nodes".
    """
    folder.mkdir(parents=True, exist_ok=True)
    fp32, int8, nncf = folder / "fp32.onnx", folder / "dynamic_int8.onnx", folder / "nncf.xml"
    program = {"pdmodel": str(original.path / "model.pdmodel"), "pdiparams": str(original.path / "model.pdiparams")}
    child("alternatives", {"action": "export", **program, "onnx": str(fp32)})
    counted = child("alternatives", {"action": "dynamic", "onnx": str(fp32), "to": str(int8)})
    calibrated = child(
        "alternatives",
        {
            "action": "nncf",
            "onnx": str(fp32),
            "to": str(nncf),
            "vocabulary": str(original.vocab_path),
            "max_length": original.max_length,
            "dtype": original.inputs[0]["dtype"],
            "sentences": str(calibration_path),
        },
    )

    def entry(kind: str, *paths: Path, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "model": str(paths[0]), "size_bytes": sum(p.stat().st_size for p in paths), **more}

    return {
        FP32: entry("onnxruntime", fp32),
        DYNAMIC: entry("onnxruntime", int8, int8_nodes=counted),
        NNCF: entry("openvino", nncf, nncf.with_suffix(".bin"), int8_nodes=calibrated),
    }


def answer(action: str, **arguments: Any) -> dict[str, Any]:
    return {"export": export, "dynamic": dynamic, "nncf": quantize_nncf}[action](**arguments)


def export(pdmodel: str, pdiparams: str, onnx: str) -> dict[str, Any]:
    """paddle2onnx, then constants folded by ONNX Runtime: quantize_dynamic sees only initialisers."""
    import common  # noqa: F401  before paddle2onnx, which loads paddle

    import onnxruntime
    import paddle2onnx

    raw = f"{onnx}.raw"
    paddle2onnx.export(pdmodel, pdiparams, raw, opset_version=OPSET, verbose=False, enable_onnx_checker=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = onnx
    options.log_severity_level = 3
    onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    os.remove(raw)
    return {"size_bytes": os.path.getsize(onnx)}


def dynamic(onnx: str, to: str) -> dict[str, int]:
    """ONNX Runtime's dynamic quantisation of the matrix products and tables.

    Returns:
        "products" and "tables": how many multiply INT8 weights, or look rows of INT8 up.

    Raises:
        RuntimeError: one of the two is 0: it would be called INT8 and not be.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(onnx, to, op_types_to_quantize=["MatMul", "Gather"], weight_type=QuantType.QInt8)
    return require_int8(to, int8_nodes(to))


def int8_nodes(onnx: str) -> dict[str, int]:
    """Matrix products and look-ups on 8-bit weights in an ONNX file."""
    from common.onnx_graph import read

    from onnx import TensorProto

    graph = read(onnx).graph
    small = {each.name for each in graph.initializer if each.data_type in (TensorProto.INT8, TensorProto.UINT8)}
    products = ("MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat")
    return {
        "products": sum(node.op_type in products and bool(small & set(node.input)) for node in graph.node),
        "tables": sum(node.op_type == "Gather" and node.input[0] in small for node in graph.node),
    }


def require_int8(what: str, counted: dict[str, int]) -> dict[str, int]:
    if not all(counted.values()):
        raise RuntimeError(f"{what}: not quantised: {counted}")
    return counted


def quantize_nncf(onnx: str, to: str, vocabulary: str, max_length: int, dtype: str, sentences: str) -> dict[str, int]:
    """NNCF's post-training quantisation for transformers, lengths left free; writes .xml and .bin."""
    from common.data import read_columns

    import nncf
    import numpy as np
    import openvino
    from alternatives_child import hugging_face

    encode = hugging_face(Path(vocabulary), max_length)
    texts = [fields[1] for fields in read_columns(sentences, 4)[:CALIBRATION_SENTENCES]]
    model = openvino.Core().read_model(onnx)
    quantised = nncf.quantize(
        model,
        nncf.Dataset([np.array([encode(text)[0]], dtype) for text in texts]),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(texts),
    )
    openvino.save_model(quantised, to)
    small = ("i8", "u8")
    tables = sum(
        operation.get_type_name() == "Constant" and operation.get_element_type().get_type_name() in small
        for operation in quantised.get_ordered_ops()
    )
    products = sum(operation.get_type_name() == "FakeQuantize" for operation in quantised.get_ordered_ops())
    return require_int8(to, {"fake_quantize": products, "int8_constants": tables})


if __name__ == "__main__":
    bench.child_main(answer)
