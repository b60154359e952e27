# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The tagger: an encoder over [CLS] characters [SEP] and one classifier on every character's state."""

from pathlib import Path

from common.cli import UserError
from common.models import encoders
from common.models.encoders import Family, TokenClassifier

from paddle import nn
from paddlenlp.transformers import (
    BertConfig,
    BertModel,
    BertPretrainedModel,
    ErnieConfig,
    ErnieModel,
    ErniePretrainedModel,
)
from paddlenlp.transformers.bert.configuration import BERT_PRETRAINED_INIT_CONFIGURATION
from paddlenlp.transformers.ernie.configuration import ERNIE_PRETRAINED_INIT_CONFIGURATION

FLAG = "--model_name_or_path"
encoder_of = encoders.encoder_of


class BertForNer(TokenClassifier, BertPretrainedModel):
    """The document's architecture."""

    base_class = BertModel


class ErnieForNer(TokenClassifier, ErniePretrainedModel):
    """ERNIE 1.0 and 3.0 in all sizes."""

    base_class = ErnieModel


FAMILIES = {
    "bert": Family(BertForNer, BertConfig, BERT_PRETRAINED_INIT_CONFIGURATION),
    "ernie": Family(ErnieForNer, ErnieConfig, ERNIE_PRETRAINED_INIT_CONFIGURATION),
}


def load(folder: Path | str) -> nn.Layer:
    """A checkpoint of ours, strictly; in evaluation mode."""
    return encoders.load(FAMILIES, folder, FLAG)


def check_type(model_type: str, folder: Path | str) -> None:
    """Raises `UserError` where `--model_type` is not what the checkpoint is."""
    own = encoders.family_of(FAMILIES, folder, FLAG)
    if model_type != own:
        raise UserError(f"--model_type {model_type}: but {folder} is of the type {own}; pass --model_type {own}")
