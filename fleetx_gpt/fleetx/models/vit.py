# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A vision transformer (Dosovitskiy et al. 2021): patches as tokens, a class token whose features are classified."""

import paddle
from paddle import nn
from paddle.nn import functional as F

from fleetx.models.blocks import EPSILON, numbered
from fleetx.models.layers import PlainLayers, new_weight
from fleetx.models.shape import Shape
from fleetx.settings.model import ModelSettings


class ViT(nn.Layer):
    """Images -> logits of the classes."""

    def __init__(self, model: ModelSettings, shape: Shape | None = None, layers: PlainLayers | None = None):
        super().__init__()
        self.settings, self.shape = model, shape or Shape.dense(model)
        self.factory = layers or PlainLayers(model.initializer_range)
        width, patches = model.hidden_size, (model.image_size // model.patch_size) ** 2
        weight = new_weight(model.initializer_range)
        if self.factory.first:
            side = model.patch_size
            self.patch_embed = nn.Conv2D(model.num_channels, width, side, side, weight_attr=weight)
            self.cls_token = self.create_parameter([1, 1, width], attr=weight)
            self.pos_embed = self.create_parameter([1, patches + 1, width], attr=weight)
        self.blocks = numbered(model, self.shape, self.factory, causal=False)
        if self.factory.last:
            self.norm = nn.LayerNorm(width, EPSILON)
            self.head = nn.Linear(width, model.num_classes, weight_attr=weight)

    def forward(self, images):
        """float32 [batch, channels, side, side] -> float [batch, classes]; features where it is not whole."""
        hidden = self.embedded(images) if self.factory.first else images
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(self.norm(hidden[:, 0])) if self.factory.last else hidden

    def embedded(self, images):
        """The class token and the patches, with their positions: float [batch, 1 + patches, features]."""
        patches = self.patch_embed(images).flatten(2).transpose([0, 2, 1])
        first = self.cls_token.expand([paddle.shape(patches)[0], 1, self.settings.hidden_size])
        hidden = paddle.concat([first.astype(patches.dtype), patches], axis=1) + self.pos_embed
        if self.training and self.settings.hidden_dropout_prob:
            hidden = F.dropout(hidden, self.settings.hidden_dropout_prob)
        return hidden

    def whole(self, logits):
        """The head is not shared: they are whole."""
        return logits

    def boundary(self, inputs) -> list[int]:
        """Shape of the features of a batch, which go from process to process: [rows, 1 + patches, features]."""
        patches = (self.settings.image_size // self.settings.patch_size) ** 2
        return [inputs.shape[0], patches + 1, self.settings.hidden_size]
