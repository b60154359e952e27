# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The parts of a transformer encoder as ONNX nodes, in two styles; `onnx_encoder.build` puts them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from common.export.onnx_file import ZERO_POINT
from common.export.onnx_graph import MICROSOFT, Graph

import numpy as np

if TYPE_CHECKING:
    from common.export.onnx_weights import Encoder, Layer, Linear, Norm

MASKED = -1e4  # added to a padded position's attention score: exp() of it is 0.0 in float32
INT32, FLOAT = 6, 1  # onnx.TensorProto's codes


def merged(linears: Sequence[Linear]) -> Linear | None:
    """Layers with one input, side by side as one; None where that cannot be: not all float32, nor INT8 of one scale."""
    if len({(linear.int8, linear.input_scale if linear.int8 else None) for linear in linears}) > 1:
        return None
    return replace(
        linears[0],
        weight=np.concatenate([linear.weight for linear in linears], axis=1),
        bias=np.concatenate([linear.bias for linear in linears]),
        weight_scale=np.concatenate([linear.scales() for linear in linears]) if linears[0].int8 else None,
    )


class Portable:
    """Standard operators only. INT8 is QuantizeLinear/DequantizeLinear around MatMul, which engines fuse."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.graph = Graph()
        self.mask = ""
        self._quantised: dict[tuple[str, float], tuple[str, str, str]] = {}

    def embed(self, pairs: bool) -> str:
        """float32 [batch, length, hidden]; also prepares the mask."""
        graph, encoder = self.graph, self.encoder
        self.mask = self.padding_mask()
        words = graph.node("Gather", [graph.constant(encoder.words.values, "words"), "input_ids"], "words")
        if encoder.words.row_scale is not None:
            column = np.asarray(encoder.words.row_scale, np.float32).reshape(-1, 1)
            scale = graph.node("Gather", [graph.constant(column, "words.row_scale"), "input_ids"], "words.row_scale")
            words = graph.node("Cast", [words], "words", to=FLOAT)
            words = graph.node("Mul", [words, scale], "words")
        rows = encoder.positions.real()
        if encoder.task_types is not None:
            rows = rows + encoder.task_types.real()[0]
        if encoder.token_types is not None and not pairs:
            rows = rows + encoder.token_types.real()[0]
        zero = graph.constant(np.array([0], np.int64))
        shape = graph.node(
            "Shape", ["input_ids"], "length"
        )  # without start and end: FastDeploy's OpenVINO ignores them
        length = graph.node("Gather", [shape, graph.constant(np.array([1], np.int64))], "length")
        places = graph.node("Slice", [graph.constant(rows, "positions"), zero, length, zero], "positions")
        total = graph.node("Add", [words, places], "embeddings")
        if pairs:
            types = graph.constant(encoder.token_types.real(), "token_types")
            total = graph.node("Add", [total, graph.node("Gather", [types, "token_type_ids"], "types")], "embeddings")
        return self.normalise(total, encoder.embedding_norm, "embeddings")

    def layer(self, states: str, layer: Layer, name: str) -> str:
        """float32 [batch, length, hidden] → the same shape."""
        context = self.attention(states, layer, f"{name}/attention")
        attended = self.linear(context, layer.output, f"{name}/output")
        states = self.add_normalise(attended, states, layer.attention_norm, f"{name}/attention_norm")
        inner = self.activate(self.linear(states, layer.ffn_in, f"{name}/ffn_in"), f"{name}/ffn_in")
        outer = self.linear(inner, layer.ffn_out, f"{name}/ffn_out")
        return self.add_normalise(outer, states, layer.ffn_norm, f"{name}/ffn_norm")

    def pool(self, states: str) -> str:
        """float32 [batch, hidden]: what sentence heads read."""
        first = self.graph.node("Gather", [states, self.graph.constant(np.int64(0))], "first", axis=1)
        return self.graph.node("Tanh", [self.linear(first, self.encoder.pooler, "pooler")], "pooler")

    def linear(self, states: str, linear: Linear, name: str) -> str:
        if linear.int8:
            return self.int8_linear(states, linear, name)
        product = self.graph.node("MatMul", [states, self.graph.constant(linear.weight, f"{name}.weight")], name)
        return self.graph.node("Add", [product, self.graph.constant(linear.bias, f"{name}.bias")], name)

    def quantise(self, states: str, step: float) -> tuple[str, str, str]:
        """(uint8 tensor, step, zero point), once for each tensor and step. uint8 because x86 multiplies u8 by s8."""
        key = (states, float(step))
        if key not in self._quantised:
            words = (self.graph.constant(np.float32(step)), self.graph.constant(np.uint8(ZERO_POINT)))
            self._quantised[key] = (self.graph.node("QuantizeLinear", [states, *words], "quantised"), *words)
        return self._quantised[key]

    def int8_linear(self, states: str, linear: Linear, name: str) -> str:
        """The bias is an int32 constant behind DequantizeLinear: next to a float32 one nothing is fused."""
        graph, scales = self.graph, linear.scales()
        weight = [graph.constant(linear.weight, f"{name}.weight"), graph.constant(scales, f"{name}.scale")]
        weight.append(graph.constant(np.zeros(scales.shape, np.int8)))
        steps = (scales.astype(np.float64) * float(linear.input_scale)).astype(np.float32)
        bias = [graph.constant(np.round(linear.bias / steps.astype(np.float64)).astype(np.int32), f"{name}.bias")]
        bias += [graph.constant(steps, f"{name}.bias_scale"), graph.constant(np.zeros(steps.shape, np.int32))]
        x = graph.node("DequantizeLinear", list(self.quantise(states, linear.input_scale)), name)
        w = graph.node("DequantizeLinear", weight, f"{name}.weight", axis=1)
        b = graph.node("DequantizeLinear", bias, f"{name}.bias", axis=0)
        return graph.node("Add", [graph.node("MatMul", [x, w], name), b], name)

    def padding_mask(self) -> str:
        """float32 [batch, 1, 1, length]: 0 or MASKED."""
        graph = self.graph
        pad = graph.node("Equal", ["input_ids", graph.constant(np.int32(self.encoder.pad_id))], "padding")
        mask = graph.node(
            "Mul", [graph.node("Cast", [pad], "padding", to=FLOAT), graph.constant(np.float32(MASKED))], "mask"
        )
        return graph.node("Unsqueeze", [mask, graph.constant(np.array([1, 2], np.int64))], "mask")

    def projections(self, states: str, layer: Layer, name: str) -> list[str]:
        """Query, key and value, each float32 [batch, length, heads * head_size]."""
        parts = [layer.query, layer.key, layer.value]
        one = merged(parts)
        if one is None:
            return [self.linear(states, part, f"{name}/{k}") for part, k in zip(parts, "qkv", strict=True)]
        sizes = self.graph.constant(np.array([len(part.bias) for part in parts], np.int64))
        return self.graph.node("Split", [self.linear(states, one, f"{name}/qkv"), sizes], name, outputs=3, axis=-1)

    def attention(self, states: str, layer: Layer, name: str) -> str:
        """float32 [batch, length, heads * head_size]."""
        graph, size = self.graph, self.encoder.head_size
        split = graph.constant(np.array([0, 0, layer.heads, size], np.int64))
        q, k, v = (graph.node("Reshape", [x, split], name) for x in self.projections(states, layer, name))
        q, v = (graph.node("Transpose", [x], name, perm=[0, 2, 1, 3]) for x in (q, v))
        k = graph.node("Transpose", [k], name, perm=[0, 2, 3, 1])
        scores = graph.node("Mul", [graph.node("MatMul", [q, k], name), graph.constant(np.float32(size**-0.5))], name)
        weights = graph.node("Softmax", [graph.node("Add", [scores, self.mask], name)], name, axis=-1)
        context = graph.node("Transpose", [graph.node("MatMul", [weights, v], name)], name, perm=[0, 2, 1, 3])
        return graph.node("Reshape", [context, graph.constant(np.array([0, 0, layer.heads * size], np.int64))], name)

    def activate(self, x: str, name: str) -> str:
        graph = self.graph
        if self.encoder.activation == "relu":
            return graph.node("Relu", [x], name)
        erf = graph.node("Erf", [graph.node("Mul", [x, graph.constant(np.float32(0.5**0.5))], name)], name)
        twice = graph.node("Mul", [x, graph.node("Add", [erf, graph.constant(np.float32(1))], name)], name)
        return graph.node("Mul", [twice, graph.constant(np.float32(0.5))], name)

    def normalise(self, x: str, norm: Norm, name: str) -> str:
        """Layer norm in small steps, which every engine joins again; one operator kills FastDeploy's old OpenVINO."""
        graph = self.graph
        centred = graph.node("Sub", [x, graph.node("ReduceMean", [x], name, axes=[-1])], name)
        square = graph.node("Pow", [centred, graph.constant(np.float32(2))], name)
        variance = graph.node("ReduceMean", [square], name, axes=[-1])
        spread = graph.node("Add", [variance, graph.constant(np.float32(self.encoder.epsilon))], name)
        unit = graph.node("Div", [centred, graph.node("Sqrt", [spread], name)], name)
        scaled = graph.node("Mul", [unit, graph.constant(norm[0], f"{name}.gamma")], name)
        return graph.node("Add", [scaled, graph.constant(norm[1], f"{name}.beta")], name)

    def add_normalise(self, x: str, residual: str, norm: Norm, name: str) -> str:
        return self.normalise(self.graph.node("Add", [x, residual], name), norm, name)


class OnnxRuntime(Portable):
    """ONNX Runtime's fused operators, where they say the same with fewer nodes."""

    def __init__(self, encoder: Encoder, fast_gelu: bool) -> None:
        super().__init__(encoder)
        self.gelu = "FastGelu" if fast_gelu else "Gelu"

    def padding_mask(self) -> str:
        """int32 [batch, length]: 1 a word, 0 padding."""
        pad = self.graph.node("Equal", ["input_ids", self.graph.constant(np.int32(self.encoder.pad_id))], "padding")
        return self.graph.node("Cast", [self.graph.node("Not", [pad], "mask")], "mask", to=INT32)

    def int8_linear(self, states: str, linear: Linear, name: str) -> str:
        graph = self.graph
        x, step, zero = self.quantise(states, linear.input_scale)
        weight, scale = (
            graph.constant(linear.weight, f"{name}.weight"),
            graph.constant(linear.scales(), f"{name}.scale"),
        )
        words = [x, weight, step, scale, zero, "", graph.constant(linear.bias, f"{name}.bias")]
        return graph.node("MatMulIntegerToFloat", words, name, domain=MICROSOFT)

    def attention(self, states: str, layer: Layer, name: str) -> str:
        """QAttention takes the projections in where they are INT8 with one scale (12 of 366 µs at 9 tokens)."""
        graph = self.graph
        one = merged([layer.query, layer.key, layer.value])
        options = {"domain": MICROSOFT, "num_heads": layer.heads}  # their mask adds -1e4 by default, our MASKED
        if one is None or not one.int8:
            q, k, v = self.projections(states, layer, name)
            return graph.node("MultiHeadAttention", [q, k, v, "", self.mask], name, **options)
        x, step, zero = self.quantise(states, one.input_scale)
        weight, bias = graph.constant(one.weight, f"{name}.weight"), graph.constant(one.bias, f"{name}.bias")
        words = [x, weight, bias, step, graph.constant(one.scales(), f"{name}.scale"), self.mask, zero]
        words.append(graph.constant(np.zeros(one.bias.shape, np.int8)))
        return graph.node("QAttention", words, name, **options)

    def activate(self, x: str, name: str) -> str:
        if self.encoder.activation == "relu":
            return super().activate(x, name)
        return self.graph.node(self.gelu, [x], name, domain=MICROSOFT)

    def normalise(self, x: str, norm: Norm, name: str) -> str:
        words = [x, self.graph.constant(norm[0], f"{name}.gamma"), self.graph.constant(norm[1], f"{name}.beta")]
        return self.graph.node("LayerNormalization", words, name, axis=-1, epsilon=self.encoder.epsilon)

    def add_normalise(self, x: str, residual: str, norm: Norm, name: str) -> str:
        words = [
            x,
            residual,
            self.graph.constant(norm[0], f"{name}.gamma"),
            self.graph.constant(norm[1], f"{name}.beta"),
        ]
        return self.graph.node("SkipLayerNormalization", words, name, domain=MICROSOFT, epsilon=self.encoder.epsilon)
