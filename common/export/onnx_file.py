# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What can be asked of a finished ONNX file, and the form of it in which no CPU saturates."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from common import files
from common.cli import UserError

import numpy as np

if TYPE_CHECKING:
    import onnx


ZERO_POINT = 128  # uint8 values with this zero point are the int8 values, moved


# Input positions of (weight, weight's zero point) in the operators whose integer kernel multiplies uint8 by int8.
WEIGHTED = {
    "MatMulIntegerToFloat": (1, 5),
    "QAttention": (1, 7),
    "DequantizeLinear": (0, 2),
    "MatMulInteger": (1, 3),  # what ONNX Runtime's dynamic quantisation writes
    "DynamicQuantizeMatMul": (1, 3),
}


def read(path_or_bytes: Path | str | bytes) -> onnx.ModelProto:
    """An ONNX file, or the content of one.

    Raises:
        UserError: no such file, or not an ONNX model.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if isinstance(path_or_bytes, bytes):
        where, content = "ONNX bytes", path_or_bytes
    else:
        where, content = str(path_or_bytes), files.require(path_or_bytes, "ONNX file").read_bytes()
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError:
        model = onnx.ModelProto()
    if not model.graph.node:
        raise UserError(f"{where}: not an ONNX model, or cut short; export it again")
    return model


def count_nodes(path_or_bytes: Path | str | bytes) -> dict[str, int]:
    """How many nodes of each operator a file holds: what proves that a model which is called INT8 is INT8."""
    return dict(Counter(node.op_type for node in read(path_or_bytes).graph.node))


def to_unsigned_weights(path_or_bytes: Path | str | bytes) -> bytes:
    """The same model with uint8 weights (value + 128, zero point 128), for x86 CPUs without VNNI.

    AVX2 and plain AVX-512 multiply uint8 by int8 with `vpmaddubsw`, which adds two products in 16 bits and cuts what
    does not fit: 255 * 127 * 2 > 32767, so answers come out wrong without an error. The uint8 x uint8 kernels widen
    first: exact on every CPU, slower there; with VNNI there is no difference in time (0.352 ms both, Zen 4, 4 layers
    of 312, 9 tokens). Embedding tables stay as they are, nothing is multiplied with them.

    Returns:
        The serialised model.

    Raises:
        UserError: not an ONNX model, or one without INT8 weights.
    """
    from onnx import numpy_helper

    model = read(path_or_bytes)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    zero_points: dict[str, np.ndarray] = {}
    for node in model.graph.node:
        if node.op_type not in WEIGHTED:
            continue
        weight, zero_point = WEIGHTED[node.op_type]
        tensor = constants.get(node.input[weight])
        signed = tensor is not None and numpy_helper.to_array(tensor).dtype == np.int8
        if tensor is None or not (signed or f"{tensor.name}.zero_point" in zero_points):
            continue
        words = list(node.input) + [""] * (zero_point + 1 - len(node.input))
        if signed:
            moved = _unsigned(numpy_helper.to_array(tensor))
            tensor.CopyFrom(numpy_helper.from_array(moved, tensor.name))
            # DequantizeLinear wants one zero point per column, the others take one for all
            columns = moved.shape[-1:] if node.op_type == "DequantizeLinear" else ()
            given = constants.get(words[zero_point])
            before = numpy_helper.to_array(given) if given is not None else np.zeros(columns, np.int8)
            zero_points[f"{tensor.name}.zero_point"] = _unsigned(before)
        words[zero_point] = f"{tensor.name}.zero_point"
        node.input[:] = words
    if not zero_points:
        raise UserError("no INT8 weight in this ONNX model, there is nothing to make unsigned")
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in zero_points.items())
    used = {word for node in model.graph.node for word in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return model.SerializeToString()


def _unsigned(signed: np.ndarray) -> np.ndarray:
    return (signed.astype(np.int16) + ZERO_POINT).astype(np.uint8)
