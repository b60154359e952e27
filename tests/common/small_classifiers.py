# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Small ERNIE models of common.models.encoders, as the apps have them: a head on the sentence, on each token, both."""

from typing import ClassVar

import common  # noqa: F401  before paddle
from common.data import vocabulary
from common.models import encoders
from common.models.encoders import EncoderWithHeads, Family, SentenceClassifier, TokenClassifier

import paddle
from paddlenlp.transformers import ErnieConfig, ErnieModel
from paddlenlp.transformers.ernie.modeling import ErniePretrainedModel

SHAPE = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 12,
    "type_vocab_size": 2,
    "pad_token_id": 0,
}
FLAG = "--model"
TEXTS = ["放一首歌", "导航到家", "放歌放歌", "到家", "一首歌到家"]


class ErnieForSentences(SentenceClassifier, ErniePretrainedModel):
    base_class = ErnieModel


class ErnieForTokens(TokenClassifier, ErniePretrainedModel):
    base_class = ErnieModel


class ErnieForBoth(EncoderWithHeads, ErniePretrainedModel):
    base_class = ErnieModel
    heads: ClassVar = {"kind": "kind_dim", "tag": "tag_dim"}

    def __init__(self, config, kind_dim=None, tag_dim=None):
        config.kind_dim, config.tag_dim = kind_dim or config.kind_dim, tag_dim or config.tag_dim
        super().__init__(config)

    def forward(self, input_ids):
        sequence, pooled = self.encode(input_ids)
        return self.kind(self.dropout(pooled)), self.tag(self.dropout(sequence))


def families(model: type) -> encoders.Families:
    return {"ernie": Family(model, ErnieConfig, {"ernie-test": SHAPE})}


def build(model: type, heads: dict[str, int], seed: int = 4) -> paddle.nn.Layer:
    """Random weights, in evaluation mode."""
    paddle.seed(seed)
    network = encoders.build(families(model), "ernie-test", heads, FLAG)
    network.eval()
    return network


def tokens() -> list[str]:
    """A vocabulary as large as the word table."""
    return vocabulary.widened(vocabulary.build(TEXTS, SHAPE["vocab_size"], min_count=1), SHAPE["vocab_size"])
