# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A GPT (Radford et al. 2019: norm before each half of a layer, learnt positions, tied token table)."""

import paddle
from paddle import nn
from paddle.nn import functional as F

from fleetx.models.blocks import EPSILON, Cache, numbered
from fleetx.models.layers import PlainLayers, new_weight
from fleetx.models.shape import Shape, padded_rows
from fleetx.settings.model import ModelSettings


class Embeddings(nn.Layer):
    """Token and position tables; where only the model's end is, the token table alone, for the head."""

    def __init__(self, model: ModelSettings, layers: PlainLayers):
        super().__init__()
        self.word_embeddings = layers.words(padded_rows(model, layers.degree), model.hidden_size)
        if layers.first:
            weight = new_weight(model.initializer_range)
            longest = model.max_position_embeddings
            self.position_embeddings = nn.Embedding(longest, model.hidden_size, weight_attr=weight)
        self.drop = model.hidden_dropout_prob

    def forward(self, ids, past=0):
        positions = paddle.arange(paddle.shape(ids)[1], dtype="int64") + past
        hidden = self.word_embeddings(ids) + self.position_embeddings(positions)
        return F.dropout(hidden, self.drop, training=True) if self.drop and self.training else hidden


class Decoder(nn.Layer):
    """All layers and the last norm, or those that belong here; each keeps its number as its name."""

    def __init__(self, model: ModelSettings, shape: Shape, layers: PlainLayers):
        super().__init__()
        self.layers = numbered(model, shape, layers, causal=True)
        self.norm = nn.LayerNorm(model.hidden_size, EPSILON) if layers.last else nn.Identity()

    def forward(self, hidden, caches: list[Cache] | None = None):
        if caches is None:
            for layer in self.layers:
                hidden = layer(hidden)
            return self.norm(hidden)
        grown = []
        for layer, cache in zip(self.layers, caches, strict=True):
            hidden, cache = layer(hidden, cache)
            grown.append(cache)
        return self.norm(hidden), grown


class GPTBody(nn.Layer):
    """Ids -> features."""

    def __init__(self, model: ModelSettings, shape: Shape, layers: PlainLayers):
        super().__init__()
        if layers.first or layers.last:
            self.embeddings = Embeddings(model, layers)
        self.decoder = Decoder(model, shape, layers)


class GPT(nn.Layer):
    """Ids -> the next token's logits; weights are named as in published checkpoints (`gpt.decoder.layers.0.…`)."""

    def __init__(self, model: ModelSettings, shape: Shape | None = None, layers: PlainLayers | None = None):
        super().__init__()
        self.settings, self.shape = model, shape or Shape.dense(model)
        self.factory = layers or PlainLayers(model.initializer_range)
        self.gpt = GPTBody(model, self.shape, self.factory)
        if self.factory.first != self.factory.last:
            self.tied().tied = True

    @property
    def blocks(self) -> nn.LayerList:
        return self.gpt.decoder.layers

    def forward(self, input_ids):
        """int64 [batch, length] -> float [batch, length, vocab_size]; features where the network is not whole."""
        hidden = self.gpt.decoder(self.gpt.embeddings(input_ids) if self.factory.first else input_ids)
        return self.head(hidden) if self.factory.last else hidden

    def tied(self):
        """The token table, which both ends of the model have."""
        return self.gpt.embeddings.word_embeddings.weight

    def head(self, hidden):
        table = self.gpt.embeddings.word_embeddings.weight
        logits = self.factory.logits(hidden, table)
        padded = self.factory.degree == 1 and table.shape[0] != self.settings.vocab_size
        return logits[:, :, : self.settings.vocab_size] if padded else logits

    def whole(self, logits):
        """Of all tokens, where processes have some of them each."""
        return self.factory.whole(logits)[:, :, : self.settings.vocab_size] if self.factory.degree > 1 else logits

    def boundary(self, inputs) -> list[int]:
        """Shape of the features of a batch, which go from process to process: [rows, length, features]."""
        return [*inputs.shape, self.settings.hidden_size]

    def no_cache(self, batch: int) -> list[Cache]:
        """What `forward_cached` starts from."""
        dtype, size = self.gpt.embeddings.word_embeddings.weight.dtype, self.shape.head_size
        empty = [paddle.zeros([batch, heads // self.factory.degree, 0, size], dtype) for heads in self.shape.heads]
        return [(each, each) for each in empty]

    def forward_cached(self, input_ids, caches: list[Cache]):
        """Logits of the new tokens [batch, new, vocab_size] and the grown caches.

        Args:
            input_ids: int64 [batch, new], the tokens behind those in the caches.
        """
        hidden = self.gpt.embeddings(input_ids, past=caches[0][0].shape[2])
        hidden, caches = self.gpt.decoder(hidden, caches)
        return self.head(hidden), caches
