# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""ONNX files by the libraries' own means: out of a Paddle program, dynamic INT8 by ONNX Runtime, OpenVINO's by NNCF.

Better in a child process,
`run_child("common.export.onnx_baselines", {"action": "dynamic", "onnx": …, "to": …})`: the
libraries hold memory, and paddle2onnx aborts the process it is in when it does not like a model.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from common import child

import numpy as np

OPSET = 17  # the one of our own files
FP32 = "original, ONNX Runtime FP32"
DYNAMIC = "original, ONNX Runtime dynamic INT8"
NNCF = "original, NNCF INT8, OpenVINO"
PRODUCTS = ("MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat")


def alternatives(
    program: Path, feeds: Sequence[Mapping[str, Any]], folder: Path, child: Callable[..., dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What a user would make of a program without us, each in a child process: FP32, DYNAMIC and NNCF.

    Args:
        program: folder with `model.pdmodel` and `model.pdiparams`.
        feeds: as for `nncf`, in what JSON can hold.
        folder: where the files are made.
        child: (module, arguments) -> answer, as `Runner.child` of common.measure.runner or `run_child`.

    Returns:
        Name to "kind" (of engine: "onnxruntime" or "openvino"), "model" (the file to open), "size_bytes" (of all files
        that are opened) and, where quantised, "int8_nodes".
    """
    folder.mkdir(parents=True, exist_ok=True)
    fp32, int8, calibrated = folder / "fp32.onnx", folder / "dynamic_int8.onnx", folder / "nncf.xml"
    parts = {kind: str(program / f"model.{kind}") for kind in ("pdmodel", "pdiparams")}

    def make(action: str, **arguments: Any) -> dict[str, Any]:
        return child("common.export.onnx_baselines", {"action": action, "onnx": str(fp32), **arguments})

    def entry(kind: str, *paths: Path, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "model": str(paths[0]), "size_bytes": sum(p.stat().st_size for p in paths), **more}

    make("from_program", **parts)
    counted = make("dynamic", to=str(int8))
    nodes = make("nncf", to=str(calibrated), feeds=list(feeds))
    return {
        FP32: entry("onnxruntime", fp32),
        DYNAMIC: entry("onnxruntime", int8, int8_nodes=counted),
        NNCF: entry("openvino", calibrated, calibrated.with_suffix(".bin"), int8_nodes=nodes),
    }


def answer(action: str, **arguments: Any) -> dict[str, int]:
    """`from_program`, `dynamic` or `nncf`, for `run_child`."""
    return {"from_program": from_program, "dynamic": dynamic, "nncf": nncf}[action](**arguments)


def from_program(pdmodel: str, pdiparams: str, onnx: str) -> dict[str, int]:
    """A program by paddle2onnx, its constants folded by ONNX Runtime: quantize_dynamic sees only initialisers.

    Returns:
        "size_bytes".
    """
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


def dynamic(onnx: Path | str, to: Path | str) -> dict[str, int]:
    """ONNX Runtime's dynamic quantisation of the matrix products and tables.

    Returns:
        "products" and "tables": how many multiply INT8 weights, or look rows of INT8 up.

    Raises:
        RuntimeError: one of the two is 0: it would be called INT8 and not be.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(onnx), str(to), op_types_to_quantize=["MatMul", "Gather"], weight_type=QuantType.QInt8)
    return require_int8(to, int8_nodes(to))


def nncf(onnx: Path | str, to: Path | str, feeds: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """NNCF's post-training quantisation for transformers, lengths left free.

    Args:
        onnx: FP32 file.
        to: the .xml to write; the weights go into a .bin beside it.
        feeds: what calibrates it, each of them input name to integers [batch, length] (an array or nested lists).

    Returns:
        "fake_quantize" and "int8_constants": how many nodes of either there are.

    Raises:
        RuntimeError: one of the two is 0.
    """
    import nncf as library
    import openvino

    model = openvino.Core().read_model(str(onnx))
    types = {port.get_any_name(): port.get_element_type().to_dtype() for port in model.inputs}
    dataset = [{name: np.asarray(values, types[name]) for name, values in feed.items()} for feed in feeds]
    quantised = library.quantize(
        model, library.Dataset(dataset), model_type=library.ModelType.TRANSFORMER, subset_size=len(dataset)
    )
    openvino.save_model(quantised, str(to))
    operations = quantised.get_ordered_ops()
    tables = sum(
        operation.get_type_name() == "Constant" and operation.get_element_type().get_type_name() in ("i8", "u8")
        for operation in operations
    )
    products = sum(operation.get_type_name() == "FakeQuantize" for operation in operations)
    return require_int8(to, {"fake_quantize": products, "int8_constants": tables})


def int8_nodes(onnx: Path | str) -> dict[str, int]:
    """Matrix products and look-ups on 8-bit weights in an ONNX file."""
    from common.export.onnx_file import read

    from onnx import TensorProto

    graph = read(onnx).graph
    small = {each.name for each in graph.initializer if each.data_type in (TensorProto.INT8, TensorProto.UINT8)}
    return {
        "products": sum(node.op_type in PRODUCTS and bool(small & set(node.input)) for node in graph.node),
        "tables": sum(node.op_type == "Gather" and node.input[0] in small for node in graph.node),
    }


def require_int8(what: Path | str, counted: dict[str, int]) -> dict[str, int]:
    """Raises RuntimeError where a count is 0."""
    if not all(counted.values()):
        raise RuntimeError(f"{what}: not quantised: {counted}")
    return counted


if __name__ == "__main__":
    child.child_main(answer)
