# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Aspect sentiment: an encoder over `[CLS] aspect [SEP] text [SEP]` and one classifier on the pooled [CLS] state."""

from pathlib import Path

from common import checkpoint, files, quantize, width
from common.cli import UserError

import paddle
from paddle import nn
from paddlenlp.transformers import PPMiniLMModel, SkepModel
from paddlenlp.transformers.ppminilm.configuration import PPMINILM_PRETRAINED_INIT_CONFIGURATION, PPMiniLMConfig
from paddlenlp.transformers.ppminilm.modeling import PPMiniLMPretrainedModel
from paddlenlp.transformers.skep.configuration import SKEP_PRETRAINED_INIT_CONFIGURATION, SkepConfig
from paddlenlp.transformers.skep.modeling import SkepPretrainedModel


class AspectClassifier:
    """What the two architectures share. The config describes a saved model completely: heads and FFN size per layer,
    quantisation, number of classes; so a checkpoint loads again without any flag."""

    def _build(self, config, base: nn.Layer) -> None:
        setattr(self, self.base_model_prefix, base)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        width.apply_config(base.encoder, config)
        quantize.apply_config(self, config)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path, *args, **kwargs):
        """A pretrained encoder by name or folder with a new classifier, or one of our checkpoints exactly as saved.

        Raises:
            UserError: a checkpoint of ours whose weights do not fit its config, or a name that cannot be reached.
        """
        return checkpoint.load(cls, super().from_pretrained, pretrained_model_name_or_path, *args, **kwargs)

    def forward(self, input_ids, token_type_ids):
        """Token ids and types [batch, length] to logits [batch, classes]."""
        # Built here, 4-D and by casts: the encoders' own `input_ids == pad_id` leaves a 0-D constant in the
        # program, on which PaddleSlim stumbles, and reads a weight that INT8 replaces.
        is_padding = (input_ids == paddle.zeros_like(input_ids)).astype("float32")
        attention_mask = paddle.unsqueeze(is_padding, axis=[1, 2]) * -1e4
        _, pooled = backbone(self)(input_ids, token_type_ids, attention_mask=attention_mask)
        return self.classifier(self.dropout(pooled))


class PPMiniLMForAspect(AspectClassifier, PPMiniLMPretrainedModel):
    """The small one: 6 layers of 768 (PP-MiniLM)."""

    def __init__(self, config: PPMiniLMConfig, num_labels: int | None = None):
        config.num_labels = num_labels or config.num_labels
        PPMiniLMPretrainedModel.__init__(self, config)
        self._build(config, PPMiniLMModel(config))


class SkepForAspect(AspectClassifier, SkepPretrainedModel):
    """The large one: 24 layers of 1024 (SKEP)."""

    def __init__(self, config: SkepConfig, num_labels: int | None = None):
        config.num_labels = num_labels or config.num_labels
        SkepPretrainedModel.__init__(self, config)
        self._build(config, SkepModel(config))


# Model class, configuration class and the configurations that PaddleNLP ships by name.
FAMILIES = {
    "ppminilm": (PPMiniLMForAspect, PPMiniLMConfig, PPMINILM_PRETRAINED_INIT_CONFIGURATION),
    "skep": (SkepForAspect, SkepConfig, SKEP_PRETRAINED_INIT_CONFIGURATION),
}
NAMES = ("ppminilm-6l-768h", "skep_ernie_1.0_large_ch")


def backbone(model: nn.Layer) -> nn.Layer:
    """The encoder with its embeddings and pooler, without the classifier."""
    return getattr(model, model.base_model_prefix)


def family_of(name_or_folder: str | Path) -> str:
    """`ppminilm` or `skep`, from the configuration in a folder or from a model's name.

    Raises:
        UserError: neither says so.
    """
    config = Path(name_or_folder) / checkpoint.CONFIG
    said = str(name_or_folder)
    if config.is_file():
        content = files.read_json(config, "model configuration")
        content = content if isinstance(content, dict) else {}
        said = " ".join([str(content.get("model_type")), *map(str, content.get("architectures") or [])])
    for family in FAMILIES:
        if family in said.lower():
            return family
    raise UserError(
        f"--base_model_name {name_or_folder}: neither PP-MiniLM nor SKEP; give {' or '.join(NAMES)}, or a folder with "
        "such a model"
    )


def load(folder: Path | str) -> nn.Layer:
    """A checkpoint of ours, strictly; in evaluation mode.

    Raises:
        UserError: no checkpoint of this app there, or one that does not fit its config.
    """
    files.require(Path(folder) / checkpoint.CONFIG, "checkpoint of this app (train one by train.py)")
    model_class = FAMILIES[family_of(folder)][0]
    if not checkpoint.is_ours(model_class, folder):
        raise UserError(
            f"{folder}: a model without a trained classifier; train it by train.py --base_model_name {folder}"
        )
    return model_class.from_pretrained(str(folder))


def load_or_adopt(name_or_folder: str, classes: int) -> nn.Layer:
    """One of our checkpoints, or a pretrained encoder by name or folder with a new classifier."""
    model_class = FAMILIES[family_of(name_or_folder)][0]
    if checkpoint.is_ours(model_class, name_or_folder):
        return load(name_or_folder)
    return model_class.from_pretrained(name_or_folder, num_labels=classes)


def build(name: str, classes: int, layers: int | None = None, hidden: int | None = None) -> nn.Layer:
    """The named architecture with random weights; with `layers` or `hidden` a smaller one of its kind."""
    model_class, config_class, registry = FAMILIES[family_of(name)]
    config = checkpoint.architecture(config_class, registry, name, "--base_model_name")
    if layers:
        config.num_hidden_layers = layers
    if hidden:
        config.hidden_size, config.num_attention_heads, config.intermediate_size = hidden, hidden // 64, 4 * hidden
    return model_class(config, classes)
