# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A list of ONNX nodes that grows one call at a time, and what can be asked of, or changed in, a finished file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

OPSET = 17  # the newest that ONNX Runtime 1.12 reads; LayerNormalization is one operator from here on
IR_VERSION = 8  # likewise; 1.12 is the one inside FastDeploy 1.0.7
MICROSOFT = "com.microsoft"


class Graph:
    """Nodes and constants of one model. Every method that adds something returns the name of the tensor it makes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._name_of: dict[tuple, str] = {}
        self._used: Counter[str] = Counter()

    def constant(self, value: np.ndarray | np.generic, name: str = "value") -> str:
        """An initialiser; equal values share one."""
        from onnx import numpy_helper

        value = np.array(value, order="C")  # not ascontiguousarray: that would turn a scalar into a vector
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self._name_of:
            self._name_of[key] = name = self._unique(name)
            self.constants[name] = numpy_helper.from_array(value, name)
        return self._name_of[key]

    def node(self, op: str, inputs: list[str], name: str, outputs: int = 1, domain: str = "", **attributes: Any) -> Any:
        """One operator; the name of its output, or a list of names where there are several. "" is an absent input."""
        from onnx import helper

        while inputs and not inputs[-1]:
            inputs = inputs[:-1]
        name = self._unique(f"{name}/{op}")
        made = [name] if outputs == 1 else [f"{name}.{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, made, name=name, domain=domain, **attributes))
        return made[0] if outputs == 1 else made

    def model(
        self, inputs: dict[str, tuple], outputs: dict[str, tuple[str, tuple]], dtype: str = "int32"
    ) -> onnx.ModelProto:
        """The model. `inputs`: name → axes; `outputs`: name → (tensor, axes) (float32); a str axis is free.

        Inside, ids are int32; with dtype "int64" the inputs are cast first.
        """
        from onnx import TensorProto, helper

        given = TensorProto.INT32
        if dtype == "int64":
            given = TensorProto.INT64
            for node in self.nodes:
                node.input[:] = [f"{word}.int32" if word in inputs else word for word in node.input]
            casts = [helper.make_node("Cast", [name], [f"{name}.int32"], to=TensorProto.INT32) for name in inputs]
            self.nodes[:0] = casts
        final = {tensor: name for name, (tensor, _) in outputs.items()}
        for node in self.nodes:
            node.input[:] = [final.get(word, word) for word in node.input]
            node.output[:] = [final.get(word, word) for word in node.output]
        graph = helper.make_graph(
            self.nodes,
            "encoder",
            [helper.make_tensor_value_info(name, given, axes) for name, axes in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, axes) for name, (_, axes) in outputs.items()],
            list(self.constants.values()),
        )
        domains = sorted({"", *(node.domain for node in self.nodes)})
        opsets = [helper.make_opsetid(domain, OPSET if domain == "" else 1) for domain in domains]
        return helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="common.export.onnx_graph"
        )

    def _unique(self, name: str) -> str:
        self._used[name] += 1
        return name if self._used[name] == 1 else f"{name}_{self._used[name]}"
