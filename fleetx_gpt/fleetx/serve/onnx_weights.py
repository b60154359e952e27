# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Make a converted float model an INT8 one by what was trained, and keep shared weights once.

The converter (paddle2onnx 1.3.1) drops every fake quantisation of these models without a word and writes a float model;
so it gets the float model, and the integers and the activations' scales are put in here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

ZERO = 128  # of activations, which are unsigned: what integer kernels of x86 CPUs multiply signed weights with
LARGE = 1024  # numbers from which a weight that is there twice is worth a Transpose


def quantize_products(path: Path, layers: Mapping[str, Mapping[str, Any]]) -> int:
    """Give each product with one of these weights INT8 inputs, in place; how many there were.

    Args:
        layers: weight's name in the file -> `weight` int8 [in, out], `weight_scale` float32 [out], `input_scale`.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    graph, nodes, made = model.graph, [], set()
    for node in graph.node:
        plain = node.op_type == "MatMul" or (node.op_type == "Gemm" and not _transposes(node))
        name = node.input[1] if plain else None
        if name in layers:
            layer, inner = layers[name], f"{name}.int8"
            constants = {
                "weight": np.asarray(layer["weight"], "int8"),
                "weight_scale": np.asarray(layer["weight_scale"], "float32"),
                "weight_zero": np.zeros(len(layer["weight_scale"]), "int8"),
                "scale": np.float32(layer["input_scale"]),
                "zero": np.uint8(ZERO),
            }
            if name not in made:
                stored = [
                    numpy_helper.from_array(np.asarray(each), f"{inner}.{key}") for key, each in constants.items()
                ]
                graph.initializer.extend(stored)
            tag = f"{inner}.{node.output[0]}"
            outer = [f"{inner}.scale", f"{inner}.zero"]
            weight = [f"{inner}.weight", f"{inner}.weight_scale", f"{inner}.weight_zero"]
            nodes += [
                helper.make_node("QuantizeLinear", [node.input[0], *outer], [f"{tag}.q"]),
                helper.make_node("DequantizeLinear", [f"{tag}.q", *outer], [f"{tag}.x"]),
                helper.make_node("DequantizeLinear", weight, [f"{tag}.w"], axis=1),
            ]
            node.input[0], node.input[1] = f"{tag}.x", f"{tag}.w"
            made.add(name)
        nodes.append(node)
    _replace(graph, nodes)
    _save(model, path)
    return len(made)


def share_transposed(path: Path) -> int:
    """Where a large weight is stored a second time, transposed, compute it from the first; how many there were.

    A tied token table is: once to be looked up, once to be multiplied with.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    tables = {each.name: numpy_helper.to_array(each) for each in graph.initializer if len(each.dims) == 2}
    large = [name for name, array in tables.items() if array.size >= LARGE]
    added, twice = [], set()
    for number, first in enumerate(large):
        for second in large[number + 1 :]:
            if second not in twice and np.array_equal(tables[first].T, tables[second]):
                added.append(helper.make_node("Transpose", [first], [second], perm=[1, 0]))
                twice.add(second)
    kept = [each for each in graph.initializer if each.name not in twice]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    _replace(graph, [*added, *graph.node])
    _save(model, path)
    return len(twice)


def _transposes(node: Any) -> bool:
    return any(each.name in ("transA", "transB") and each.i for each in node.attribute)


def _replace(graph: Any, nodes: list) -> None:
    nodes = [
        type(node).FromString(node.SerializeToString()) for node in nodes
    ]  # they must outlive the list they are in
    del graph.node[:]
    graph.node.extend(nodes)


def _save(model: Any, path: Path) -> None:
    """Without the constants that nothing reads any more."""
    import onnx

    graph = model.graph
    used = {name for node in graph.node for name in node.input} | {each.name for each in graph.output}
    kept = [each for each in graph.initializer if each.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
