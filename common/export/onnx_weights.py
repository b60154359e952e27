# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What an encoder's ONNX file is written from: arrays with their scales, checked against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from common.cli import UserError

import numpy as np

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
