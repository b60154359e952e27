# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From a model in memory to the files that engines open: the static program and the small ONNX."""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

from common.export import onnx_weights
from common.models import int8

import numpy as np
import paddle
from paddle import nn
from paddle.static import InputSpec


def save_program(model: nn.Layer, prefix: Path, dtype: str, names: Sequence[str] = ("input_ids",)) -> None:
    """Write `prefix.pdmodel` and `prefix.pdiparams`; batch and length stay free.

    Args:
        model: in evaluation mode; quantised Linears are stored as INT8.
        dtype: of the inputs, int32 or int64.
        names: of the inputs, each [batch, length].
    """
    # One InputSpec per input with a name of its own: one object used twice would name both alike, without a word.
    specification = [InputSpec([None, None], dtype, name) for name in names]
    prefix.parent.mkdir(parents=True, exist_ok=True)
    model = deepcopy(model)  # to_static replaces `forward` for good
    if int8.is_int8(model):
        int8.slim_qat(model.config.linear_quantization).save_quantized_model(model, str(prefix), specification)
    else:
        paddle.jit.save(paddle.jit.to_static(model, input_spec=specification, full_graph=True), str(prefix))
    Path(f"{prefix}.pdiparams.info").unlink(missing_ok=True)  # names for training; no engine reads it


def linear_arrays(layer: nn.Layer) -> onnx_weights.Linear:
    """A plain or fake-quantised Linear as arrays."""
    if hasattr(layer, "_fake_quant_input"):
        return onnx_weights.Linear(**int8.integer_linear(layer))
    return onnx_weights.Linear(layer.weight.numpy(), layer.bias.numpy())


def table_arrays(table: nn.Layer) -> onnx_weights.Table:
    """A float or INT8 embedding as arrays; a padding row comes out as the zeros that the look-up gives."""
    if isinstance(table, int8.Int8Embedding):
        return onnx_weights.Table(table.rows.numpy(), table.row_scale.numpy().reshape(-1))
    values = table.weight.numpy().copy()
    if table._padding_idx is not None and table._padding_idx >= 0:
        values[table._padding_idx] = 0
    return onnx_weights.Table(values)


def norm_arrays(norm: nn.LayerNorm) -> tuple[np.ndarray, np.ndarray]:
    return norm.weight.numpy(), norm.bias.numpy()


def encoder_arrays(model: nn.Layer) -> onnx_weights.Encoder:
    """A PaddleNLP BERT-like base model (`ErnieModel`, `BertModel`, …) as arrays, with its widths and precisions."""
    embeddings, layers = model.embeddings, list(model.encoder.layers)
    task_types = getattr(embeddings, "task_type_embeddings", None)
    token_types = getattr(embeddings, "token_type_embeddings", None)
    return onnx_weights.Encoder(
        words=table_arrays(embeddings.word_embeddings),
        positions=table_arrays(embeddings.position_embeddings),
        token_types=table_arrays(token_types) if token_types is not None else None,
        task_types=table_arrays(task_types) if task_types is not None else None,
        embedding_norm=norm_arrays(embeddings.layer_norm),
        layers=[_layer_arrays(layer) for layer in layers],
        pooler=linear_arrays(model.pooler.dense),
        head_size=layers[0].self_attn.head_dim,
        pad_id=model.config.pad_token_id,
        activation=model.config.hidden_act,
        epsilon=layers[0].norm1._epsilon,
    )


def _layer_arrays(layer: nn.TransformerEncoderLayer) -> onnx_weights.Layer:
    attention = layer.self_attn
    return onnx_weights.Layer(
        query=linear_arrays(attention.q_proj),
        key=linear_arrays(attention.k_proj),
        value=linear_arrays(attention.v_proj),
        output=linear_arrays(attention.out_proj),
        ffn_in=linear_arrays(layer.linear1),
        ffn_out=linear_arrays(layer.linear2),
        attention_norm=norm_arrays(layer.norm1),
        ffn_norm=norm_arrays(layer.norm2),
        heads=attention.num_heads,
    )


def architecture(model: nn.Layer, name: str) -> dict:
    """What a manifest says of the encoder's shape."""
    layers = list(model.encoder.layers)
    return {
        "name": name,
        "layers": len(layers),
        "hidden": model.config.hidden_size,
        "heads": [layer.self_attn.num_heads for layer in layers],
        "ffn": [len(linear_arrays(layer.linear1).bias) for layer in layers],
        "vocab_size": model.config.vocab_size,
        "positions": model.config.max_position_embeddings,
    }
