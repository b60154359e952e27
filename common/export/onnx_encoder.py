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
from pathlib import Path
from typing import Literal

from common import files
from common.export.onnx_layers import OnnxRuntime, Portable
from common.export.onnx_weights import Encoder, Head, check


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
