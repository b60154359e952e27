# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A post-layer-norm transformer encoder (BERT, ERNIE, PP-MiniLM) with heads on top as a small ONNX file, from weights.

Two ways to write the same function:

- "portable": operators of the standard opset 17 only; ONNX Runtime from 1.12 on, FastDeploy, OpenVINO.
- "onnxruntime": its fused operators (com.microsoft), fewest nodes; ONNX Runtime 1.23.

INT8 is symmetric: real weight = weight * weight_scale, real input = q * input_scale, q = round half to even. The sums
are exact integers; bias, layer norm, attention's products and softmax stay float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common import files
from common.cli import UserError
from common.export.onnx_graph import count_nodes, to_unsigned_weights
from common.export.onnx_layers import OnnxRuntime, Portable

import numpy as np

__all__ = ["Encoder", "Head", "Layer", "Linear", "Table", "build", "count_nodes", "to_unsigned_weights"]

Norm = tuple[np.ndarray, np.ndarray]
"""gamma and beta, each float32 [hidden]."""


@dataclass
class Linear:
    """y = x @ weight + bias. INT8 where `weight` is int8; then both scales are needed."""

    weight: np.ndarray
    """float32 or int8 [in, out]."""
    bias: np.ndarray
    """float32 [out]."""
    weight_scale: np.ndarray | None = None
    """float32 [out], or one for all columns: the real value of one step of the weight."""
    input_scale: float | None = None
    """The real value of one step of the quantised input."""

    @property
    def int8(self) -> bool:
        return self.weight.dtype == np.int8

    def check(self, name: str) -> None:
        """ValueError for shapes and dtypes, UserError for scales, that cannot be right; both name the layer."""
        if self.weight.dtype not in (np.int8, np.float32) or self.weight.ndim != 2:
            raise ValueError(f"{name}: weight is {self.weight.dtype} {self.weight.shape}, not int8/float32 [in, out]")
        if self.bias.shape != self.weight.shape[1:]:
            raise ValueError(f"{name}: {self.weight.shape[1]} columns but a bias of shape {self.bias.shape}")
        if not np.isfinite(self.bias).all() or not np.isfinite(self.weight).all():
            raise ValueError(f"{name}: weight or bias holds NaN or infinity")
        if self.int8:
            for what in ("weight_scale", "input_scale"):
                scale = getattr(self, what)
                if scale is None or not np.isfinite(scale).all() or not (np.asarray(scale) > 0).all():
                    raise UserError(f"{name}: {what} must be positive and finite, got {scale}; calibrate again")

    def scales(self) -> np.ndarray:
        """float32 [out]."""
        return np.array(np.broadcast_to(np.asarray(self.weight_scale, np.float32).reshape(-1), self.bias.shape))


@dataclass
class Table:
    """An embedding table. With int8 values, row i's real value is values[i] * row_scale[i]."""

    values: np.ndarray
    """float32 or int8 [rows, hidden]."""
    row_scale: np.ndarray | None = None
    """float32 [rows]."""

    def real(self) -> np.ndarray:
        """float32 [rows, hidden]."""
        values = self.values.astype(np.float32)
        return values if self.row_scale is None else values * np.asarray(self.row_scale, np.float32).reshape(-1, 1)


@dataclass
class Layer:
    """One encoder layer. Width-pruned layers have fewer heads and a narrower FFN; `heads` counts what is left."""

    query: Linear
    key: Linear
    value: Linear
    output: Linear
    ffn_in: Linear
    ffn_out: Linear
    attention_norm: Norm
    ffn_norm: Norm
    heads: int


@dataclass
class Encoder:
    words: Table
    """Row `pad_id` is used as it stands: make it zero where the model's own lookup does (`padding_idx`)."""
    positions: Table
    token_types: Table | None
    embedding_norm: Norm
    layers: list[Layer]
    pooler: Linear | None
    """tanh of it on the first token is what sentence heads read; None where there are only token heads."""
    head_size: int
    pad_id: int = 0
    activation: Literal["gelu", "relu"] = "gelu"
    epsilon: float = 1e-12
    task_types: Table | None = None
    """Only row 0 is ever used."""


@dataclass
class Head:
    name: str
    """The output's name in the file."""
    linear: Linear
    on: Literal["sentence", "tokens"]


def build(
    encoder: Encoder,
    heads: Sequence[Head],
    path: Path | str,
    style: Literal["portable", "onnxruntime"] = "onnxruntime",
    pairs: bool = False,
    fast_gelu: bool = False,
    dtype: Literal["int32", "int64"] = "int32",
) -> None:
    """Write the model: input_ids [batch, length] → one float32 output per head.

    A sentence head gives [batch, classes], a token head [batch, length, classes]; both axes are free, `length` up to
    the rows of the position table. Positions where input_ids == pad_id are not attended to. Position and token type
    tables are stored as float32, since row 0 of token and task types is folded into the positions.

    Args:
        encoder: weights; any Linear may be INT8 or float32 for itself.
        heads: at least one, with different names.
        path: written whole or not at all.
        style: see the module's text.
        pairs: also take token_type_ids [batch, length] (0 the first, 1 the second text).
        dtype: of the ids.
        fast_gelu: style "onnxruntime" only: the tanh form of GELU, 4 % faster. At most 5e-4 off, but in an INT8 model
            that flips enough roundings to move logits as much as the quantisation did: check the predictions.

    Raises:
        ValueError: shapes or heads that do not fit together, with the layer's name.
        UserError: a quantisation scale that is missing, zero, negative or not finite, with the layer's name.
    """
    check(encoder, heads, pairs)
    if style not in ("portable", "onnxruntime"):
        raise ValueError(f'style must be "portable" or "onnxruntime", got "{style}"')
    writer = Portable(encoder) if style == "portable" else OnnxRuntime(encoder, fast_gelu)
    states = writer.embed(pairs)
    for number, layer in enumerate(encoder.layers):
        states = writer.layer(states, layer, f"layer{number}")
    outputs: dict[str, tuple[str, tuple]] = {}
    pooled = writer.pool(states) if any(head.on == "sentence" for head in heads) else ""
    for head in heads:
        axes = ("batch",) if head.on == "sentence" else ("batch", "length")
        logits = writer.linear(pooled if head.on == "sentence" else states, head.linear, head.name)
        outputs[head.name] = (logits, (*axes, len(head.linear.bias)))
    inputs = dict.fromkeys(["input_ids", "token_type_ids"] if pairs else ["input_ids"], ("batch", "length"))
    files.write_bytes(path, writer.graph.model(inputs, outputs, dtype).SerializeToString())


def check(encoder: Encoder, heads: Sequence[Head], pairs: bool) -> None:
    """Raise ValueError for what `build` could only write down wrongly."""
    hidden = encoder.words.values.shape[1]
    for number, layer in enumerate(encoder.layers):
        width = layer.heads * encoder.head_size
        for part in ("query", "key", "value", "output", "ffn_in", "ffn_out"):
            linear: Linear = getattr(layer, part)
            linear.check(f"layer {number} {part}")
            rows, columns = linear.weight.shape
            want_rows = {"output": width, "ffn_out": layer.ffn_in.weight.shape[1]}.get(part, hidden)
            want_columns = {"output": hidden, "ffn_out": hidden, "ffn_in": columns}.get(part, width)
            if (rows, columns) != (want_rows, want_columns):
                raise ValueError(
                    f"layer {number} {part}: weight is [{rows}, {columns}], expected [{want_rows}, {want_columns}] "
                    f"({layer.heads} heads of {encoder.head_size}, hidden {hidden})"
                )
    if not heads or len({head.name for head in heads}) != len(heads):
        raise ValueError("heads: at least one, with different names")
    for head in heads:
        head.linear.check(f"head {head.name}")
        rows = encoder.pooler.weight.shape[1] if head.on == "sentence" and encoder.pooler is not None else hidden
        if head.linear.weight.shape[0] != rows:
            raise ValueError(f"head {head.name}: weight has {head.linear.weight.shape[0]} rows, expected {rows}")
        if head.on not in ("sentence", "tokens") or (head.on == "sentence" and encoder.pooler is None):
            raise ValueError(f'head {head.name}: on must be "tokens", or "sentence" with a pooler; got "{head.on}"')
    if encoder.pooler is not None:
        encoder.pooler.check("pooler")
        if encoder.pooler.weight.shape[0] != hidden:
            raise ValueError(f"pooler: weight has {encoder.pooler.weight.shape[0]} rows, expected {hidden}")
    for name in ("words", "positions", "token_types", "task_types"):
        table: Table | None = getattr(encoder, name)
        if table is None:
            continue
        if (table.values.dtype == np.int8) != (table.row_scale is not None):
            raise ValueError(f"{name}: int8 values need a row_scale, float32 values have none")
        if table.values.shape[1:] != (hidden,) or table.values.dtype not in (np.int8, np.float32):
            raise ValueError(f"{name}: {table.values.dtype} {table.values.shape}, expected [rows, {hidden}]")
    if pairs and encoder.token_types is None:
        raise ValueError("pairs=True needs a token type table")
