# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The transformer layer of both models: norm, attention, add; norm, feed-forward, add."""

import math

import paddle
from paddle import nn
from paddle.nn import functional as F

from fleetx.models.layers import PlainLayers
from fleetx.models.shape import Shape
from fleetx.settings.model import ModelSettings

EPSILON = 1e-5
FAR_BELOW = -1e4  # added to what must not be seen; within the range of float16

Cache = tuple[paddle.Tensor, paddle.Tensor]
"""Keys and values seen so far, each [batch, heads, length, head size]."""


def recompute(function, *inputs):
    """Forward now without keeping activations, and again when going backward; dropout draws the same numbers."""
    from paddle.distributed.fleet.utils import recompute as again

    return again(function, *inputs)


class Attention(nn.Layer):
    """Self-attention of `heads` heads, of which a pruned model has fewer than hidden_size / head_size.

    The fused projection's outputs stand head by head: query, key and value of head 0, then of head 1, …, so that heads
    can be cut out, or shared by processes, as whole blocks of columns.
    """

    def __init__(self, model: ModelSettings, shape: Shape, number: int, layers: PlainLayers, causal: bool):
        super().__init__()
        self.head_size, self.causal, self.fused = shape.head_size, causal, model.fuse_attn_qkv
        self.scale = number + 1 if model.scale_qk_by_layer_num else 1
        self.drop = model.attention_probs_dropout_prob
        self.granularity, self.factory = None, layers
        inner = shape.heads[number] * shape.head_size
        if self.fused:
            self.qkv_proj = layers.column(model.hidden_size, 3 * inner)
        else:
            self.q_proj = layers.column(model.hidden_size, inner)
            self.k_proj = layers.column(model.hidden_size, inner)
            self.v_proj = layers.column(model.hidden_size, inner)
        self.out_proj = layers.row(inner, model.hidden_size)

    def split(self, hidden):
        """Three times [batch, heads, length, head size]."""
        size = self.head_size
        if self.fused:
            mixed = self.qkv_proj(hidden)
            mixed = mixed.reshape([0, 0, mixed.shape[-1] // (3 * size), 3 * size]).transpose([0, 2, 1, 3])
            return paddle.split(mixed, 3, axis=-1)
        parts = [projection(hidden) for projection in (self.q_proj, self.k_proj, self.v_proj)]
        return [part.reshape([0, 0, part.shape[-1] // size, size]).transpose([0, 2, 1, 3]) for part in parts]

    def attend(self, query, key, value):
        """[batch, heads, queries, head size] and twice [batch, heads, keys, head size] -> as the first one."""
        scores = paddle.matmul(query * (1 / (math.sqrt(self.head_size) * self.scale)), key, transpose_y=True)
        scores = scores.astype("float32") * self.scale
        if self.causal:
            scores = scores + unseen(paddle.shape(query)[2], paddle.shape(key)[2])
        shares = F.softmax(scores).astype(value.dtype)
        if self.drop and self.training:
            shares = self.factory.dropped_shares(shares, self.drop)
        return paddle.matmul(shares, value)

    def forward(self, hidden, cache: Cache | None = None):
        query, key, value = self.split(hidden)
        if cache is not None:
            key, value = paddle.concat([cache[0], key], axis=2), paddle.concat([cache[1], value], axis=2)
        again = self.granularity == "core_attn" and self.training
        context = recompute(self.attend, query, key, value) if again else self.attend(query, key, value)
        context = context.transpose([0, 2, 1, 3]).flatten(2)
        answer = self.out_proj(context)
        return answer if cache is None else (answer, (key, value))


def unseen(queries, keys):
    """float32 [1, 1, queries, keys]: 0 where a key is not behind its query, far below 0 elsewhere."""
    column = paddle.arange(keys, dtype="int64").unsqueeze(0)
    row = (paddle.arange(queries, dtype="int64") + (keys - queries)).unsqueeze(1)
    return ((column > row).astype("float32") * FAR_BELOW).unsqueeze([0, 1])


def tanh_gelu(x):
    """GELU by its tanh formula (Hendrycks and Gimpel 2016), which GPT-2 was trained with.

    Exported, it is written out: the converter to ONNX makes the exact curve of Paddle's operator, 5e-4 away.
    """
    if paddle.in_dynamic_mode():
        return F.gelu(x, approximate=True)
    return 0.5 * x * (1 + paddle.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


class Block(nn.Layer):
    """One layer. `recompute`: None, or what is computed again going backward (full, full_attn, core_attn)."""

    def __init__(self, model: ModelSettings, shape: Shape, number: int, layers: PlainLayers, causal: bool):
        super().__init__()
        self.norm1 = nn.LayerNorm(model.hidden_size, EPSILON)
        self.self_attn = Attention(model, shape, number, layers, causal)
        self.norm2 = nn.LayerNorm(model.hidden_size, EPSILON)
        self.linear1 = layers.column(model.hidden_size, shape.ffn[number])
        self.linear2 = layers.row(shape.ffn[number], model.hidden_size)
        self.drop = model.hidden_dropout_prob
        self.tanh_gelu = causal  # GPT's curve; ViT has the exact one
        keeps = not model.use_recompute or number in model.no_recompute_layers
        self.recompute = None if keeps else model.recompute_granularity or "full"
        self.self_attn.granularity = self.recompute

    def dropped(self, values):
        return F.dropout(values, self.drop, training=True) if self.drop and self.training else values

    def forward(self, hidden, cache: Cache | None = None):
        if self.recompute == "full" and self.training and cache is None:
            return recompute(self.whole, hidden)
        return self.whole(hidden, cache)

    def whole(self, hidden, cache: Cache | None = None):
        normed = self.norm1(hidden)
        if cache is not None:
            seen, cache = self.self_attn(normed, cache)
        elif self.recompute == "full_attn" and self.training:
            seen = recompute(self.self_attn, normed)
        else:
            seen = self.self_attn(normed)
        hidden = hidden + self.dropped(seen)
        inner = (tanh_gelu if self.tanh_gelu else F.gelu)(self.linear1(self.norm2(hidden)))
        hidden = hidden + self.dropped(self.linear2(inner))
        return hidden if cache is None else (hidden, cache)


def numbered(model: ModelSettings, shape: Shape, layers: PlainLayers, causal: bool) -> nn.LayerList:
    """The layers that belong here, each under its number in the whole model."""
    found = nn.LayerList()
    for number in layers.numbers(model.num_layers):
        found.add_sublayer(str(number), Block(model, shape, number, layers, causal))
    return found
