# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""PaddleNLP's BERT-like encoders with heads: classes that describe themselves, built, adopted or loaded strictly.

An app names its classes, one per architecture, because a checkpoint's config.json is read by their names:

    class BertForGlue(SentenceClassifier, BertPretrainedModel):
        base_class = BertModel

    MODELS = {"bert": Family(BertForGlue, BertConfig, BERT_PRETRAINED_INIT_CONFIGURATION)}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from common import files
from common.cli import UserError
from common.models import checkpoint, int8, width
from common.models.sizes import HEAD

import paddle
from paddle import nn


class EncoderWithHeads:
    """An encoder and one Linear on it per head. Put before PaddleNLP's `…PretrainedModel` in the order of classes.

    The config describes a saved model completely (heads and FFN size per layer, quantization, number of outputs), so a
    checkpoint loads again without any flag.

    Attributes:
        base_class: PaddleNLP's encoder.
        heads: name of each head's Linear -> the entry of the config that says how many outputs it has.

    Args:
        config: the encoder's configuration; it says the number of outputs of every head too.
        dropout: probability before the heads; the config's `hidden_dropout_prob` if None.
    """

    base_class: type[nn.Layer]
    heads: ClassVar[Mapping[str, str]]

    def __init__(self, config, dropout: float | None = None):
        super().__init__(config)
        base = self.base_class(config)
        setattr(self, self.base_model_prefix, base)
        self.dropout = nn.Dropout(config.hidden_dropout_prob if dropout is None else dropout)
        for name, entry in self.heads.items():
            setattr(self, name, nn.Linear(config.hidden_size, getattr(config, entry)))
        width.apply_config(base.encoder, config)
        int8.apply_config(self, config)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path, *args, **kwargs):
        """A pretrained encoder by name or folder with new heads, or one of our checkpoints exactly as saved.

        Raises:
            UserError: a checkpoint of ours whose weights do not fit its config, or a name that cannot be reached.
        """
        return checkpoint.load(cls, super().from_pretrained, pretrained_model_name_or_path, *args, **kwargs)

    def encode(self, input_ids, token_type_ids=None):
        """Token ids and types, int64 [batch, length], to hidden states and pooled [CLS] states.

        Returns:
            float32 [batch, length, hidden] and [batch, hidden].
        """
        # Built here, 4-D and by casts: the encoders' own `input_ids == pad_id` leaves a 0-D constant in the
        # program, on which PaddleSlim stumbles and Paddle Lite aborts on the device, and reads a weight that INT8
        # replaces.
        is_padding = (input_ids == paddle.zeros_like(input_ids)).astype("float32")
        attention_mask = paddle.unsqueeze(is_padding, axis=[1, 2]) * -1e4
        encoder = backbone(self)  # by a name: Paddle's translation to a static program passes over a call of a call
        return encoder(input_ids, token_type_ids, attention_mask=attention_mask)


class Classifier(EncoderWithHeads):
    """One head, `classifier`, whose number of outputs the config calls `num_labels`."""

    heads: ClassVar = {"classifier": "num_labels"}

    def __init__(self, config, num_labels: int | None = None):
        config.num_labels = num_labels or config.num_labels
        super().__init__(config)


class SentenceClassifier(Classifier):
    """The head reads the pooled [CLS] state."""

    def forward(self, input_ids, token_type_ids):
        """Token ids and types [batch, length] to logits [batch, classes]."""
        _, pooled = self.encode(input_ids, token_type_ids)
        return self.classifier(self.dropout(pooled))


class TokenClassifier(Classifier):
    """The head reads every token."""

    def forward(self, input_ids):
        """Token ids [batch, length] to logits [batch, length, classes]."""
        sequence, _ = self.encode(input_ids)
        return self.classifier(self.dropout(sequence))


def backbone(model: nn.Layer) -> nn.Layer:
    """The encoder with its embeddings and pooler, without the head."""
    return getattr(model, model.base_model_prefix)


def encoder_of(model: nn.Layer) -> nn.TransformerEncoder:
    """The layers alone: what width pruning narrows."""
    return backbone(model).encoder


@dataclass(frozen=True)
class Family:
    """One architecture of an app: its class, its configuration class, and the configurations PaddleNLP has by name."""

    model: type[nn.Layer]
    config: type
    registry: Mapping[str, dict]


Families = Mapping[str, Family]
"""`bert`, `ernie`, … to what the app has for it; the keys stand in the names and `model_type`s of such models."""


def family_of(families: Families, name_or_folder: str | Path, flag: str) -> str:
    """Which architecture a model's name or the configuration in its folder speaks of; the longest name that fits.

    Raises:
        UserError: none of them.
    """
    config = Path(name_or_folder) / checkpoint.CONFIG
    said = str(name_or_folder)
    if config.is_file():
        content = files.read_json(config, "model configuration")
        content = content if isinstance(content, dict) else {}
        said = " ".join([str(content.get("model_type")), *map(str, content.get("architectures") or [])])
    said = said.lower().replace("-", "")
    fitting = [family for family in families if family in said]
    if not fitting:
        raise UserError(f"{flag} {name_or_folder}: its architecture is none of {', '.join(families)}")
    return max(fitting, key=len)  # tinybert is not bert


def load(families: Families, folder: Path | str, flag: str) -> nn.Layer:
    """A checkpoint of the app's own, strictly; in evaluation mode.

    Raises:
        UserError: no checkpoint of this app there, or one that does not fit its config.
    """
    files.require(Path(folder) / checkpoint.CONFIG, "checkpoint of this app")
    model_class = families[family_of(families, folder, flag)].model
    if not checkpoint.is_ours(model_class, folder):
        raise UserError(f"{folder}: a model without this app's trained head; train it first, by {flag} {folder}")
    return model_class.from_pretrained(str(folder))


def load_or_adopt(families: Families, name_or_folder: str, heads: Mapping[str, Any], flag: str) -> nn.Layer:
    """One of the app's checkpoints, or a pretrained encoder by name or folder with new heads.

    Args:
        heads: what the class is told of new heads, for one head {"num_labels": outputs}.
    """
    model_class = families[family_of(families, name_or_folder, flag)].model
    if checkpoint.is_ours(model_class, name_or_folder):
        return load(families, name_or_folder, flag)
    return model_class.from_pretrained(name_or_folder, **heads)


def build(
    families: Families,
    name: str,
    heads: Mapping[str, Any],
    flag: str,
    num_hidden_layers: int | None = None,
    hidden_size: int | None = None,
    num_attention_heads: int | None = None,
    vocab_size: int | None = None,
) -> nn.Layer:
    """The named architecture with random weights, but for the sizes that are given.

    `heads`: as of `load_or_adopt`.
    With `hidden_size` feed-forward layers have 4 times as many features, and heads 64 unless their number is given.

    Raises:
        UserError: no architecture of that name, or features that its heads cannot share.
    """
    family = families[family_of(families, name, flag)]
    config = checkpoint.architecture(family.config, dict(family.registry), name, flag)
    if hidden_size:
        config.hidden_size, config.intermediate_size = hidden_size, 4 * hidden_size
        config.num_attention_heads = hidden_size // HEAD
    config.num_hidden_layers = num_hidden_layers or config.num_hidden_layers
    config.num_attention_heads = num_attention_heads or config.num_attention_heads
    config.vocab_size = vocab_size or config.vocab_size
    if config.hidden_size % config.num_attention_heads:
        heads = config.num_attention_heads
        raise UserError(f"--num_attention_heads {heads}: cannot share the {config.hidden_size} features of {name}")
    return family.model(config, **heads)
