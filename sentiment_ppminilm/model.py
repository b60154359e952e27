# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Aspect sentiment: an encoder over `[CLS] aspect [SEP] text [SEP]` and one classifier on the pooled [CLS] state."""

from pathlib import Path

from common.models import encoders
from common.models.encoders import Family, SentenceClassifier

from paddle import nn
from paddlenlp.transformers import PPMiniLMModel, SkepModel
from paddlenlp.transformers.ppminilm.configuration import PPMINILM_PRETRAINED_INIT_CONFIGURATION, PPMiniLMConfig
from paddlenlp.transformers.ppminilm.modeling import PPMiniLMPretrainedModel
from paddlenlp.transformers.skep.configuration import SKEP_PRETRAINED_INIT_CONFIGURATION, SkepConfig
from paddlenlp.transformers.skep.modeling import SkepPretrainedModel

FLAG = "--base_model_name"
backbone = encoders.backbone


class PPMiniLMForAspect(SentenceClassifier, PPMiniLMPretrainedModel):
    """The small one: 6 layers of 768 (PP-MiniLM)."""

    base_class = PPMiniLMModel


class SkepForAspect(SentenceClassifier, SkepPretrainedModel):
    """The large one: 24 layers of 1024 (SKEP)."""

    base_class = SkepModel


FAMILIES = {
    "ppminilm": Family(PPMiniLMForAspect, PPMiniLMConfig, PPMINILM_PRETRAINED_INIT_CONFIGURATION),
    "skep": Family(SkepForAspect, SkepConfig, SKEP_PRETRAINED_INIT_CONFIGURATION),
}

NAMES = ("ppminilm-6l-768h", "skep_ernie_1.0_large_ch")  # the document's two


def family_of(name_or_folder: str | Path) -> str:
    """`ppminilm` or `skep`; raises `UserError` where it is neither."""
    return encoders.family_of(FAMILIES, name_or_folder, FLAG)


def load(folder: Path | str) -> nn.Layer:
    """A checkpoint of ours, strictly; in evaluation mode."""
    return encoders.load(FAMILIES, folder, FLAG)


def load_or_adopt(name_or_folder: str, classes: int) -> nn.Layer:
    """One of our checkpoints, or a pretrained encoder by name or folder with a new classifier."""
    return encoders.load_or_adopt(FAMILIES, name_or_folder, {"num_labels": classes}, FLAG)


def build(name: str, classes: int) -> nn.Layer:
    """The named architecture with random weights."""
    return encoders.build(FAMILIES, name, {"num_labels": classes}, FLAG)
