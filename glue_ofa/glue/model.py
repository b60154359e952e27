# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Classifiers of one text or two: BERT, TinyBERT, ERNIE and PP-MiniLM under one Linear on the pooled [CLS] state."""

from pathlib import Path

from common import files
from common.cli import UserError
from common.models import checkpoint, encoders
from common.models.encoders import Family, SentenceClassifier

from paddle import nn
from paddlenlp.transformers import BertModel, ErnieModel, PPMiniLMModel, TinyBertModel
from paddlenlp.transformers.bert.configuration import BERT_PRETRAINED_INIT_CONFIGURATION, BertConfig
from paddlenlp.transformers.bert.modeling import BertPretrainedModel
from paddlenlp.transformers.ernie.configuration import ERNIE_PRETRAINED_INIT_CONFIGURATION, ErnieConfig
from paddlenlp.transformers.ernie.modeling import ErniePretrainedModel
from paddlenlp.transformers.ppminilm.configuration import PPMINILM_PRETRAINED_INIT_CONFIGURATION, PPMiniLMConfig
from paddlenlp.transformers.ppminilm.modeling import PPMiniLMPretrainedModel
from paddlenlp.transformers.tinybert.configuration import TINYBERT_PRETRAINED_INIT_CONFIGURATION, TinyBertConfig
from paddlenlp.transformers.tinybert.modeling import TinyBertPretrainedModel

from glue.tasks import Task

FLAG = "--model_name_or_path"
STOCK_HEAD = "ForSequenceClassification"  # PaddleNLP's own fine-tuned models: the same weights under the same names


class BertForGlue(SentenceClassifier, BertPretrainedModel):
    base_class = BertModel


class TinyBertForGlue(SentenceClassifier, TinyBertPretrainedModel):
    base_class = TinyBertModel

    def __init__(self, config, num_labels: int | None = None):
        super().__init__(config, num_labels)
        # TinyBERT's pretraining compares hidden states through these layers; no answer depends on them.
        del self.tinybert.fit_denses, self.tinybert.fit_dense


class ErnieForGlue(SentenceClassifier, ErniePretrainedModel):
    base_class = ErnieModel


class PPMiniLMForGlue(SentenceClassifier, PPMiniLMPretrainedModel):
    base_class = PPMiniLMModel


FAMILIES = {
    "bert": Family(BertForGlue, BertConfig, BERT_PRETRAINED_INIT_CONFIGURATION),
    "tinybert": Family(TinyBertForGlue, TinyBertConfig, TINYBERT_PRETRAINED_INIT_CONFIGURATION),
    "ernie": Family(ErnieForGlue, ErnieConfig, ERNIE_PRETRAINED_INIT_CONFIGURATION),
    "ppminilm": Family(PPMiniLMForGlue, PPMiniLMConfig, PPMINILM_PRETRAINED_INIT_CONFIGURATION),
}


def check_type(said: str | None, name_or_folder: str) -> None:
    """Raises `UserError` where `--model_type` is not what the model is; `bert` is also right for TinyBERT.

    The document calls TinyBERT so: its weights there had been brought into BERT's form.
    """
    own = encoders.family_of(FAMILIES, name_or_folder, FLAG)
    if said not in (None, own) and (said, own) != ("bert", "tinybert"):
        raise UserError(f"--model_type {said}: but {name_or_folder} is a {own}; write --model_type {own}")


def check_lower_case(name_or_folder: str) -> None:
    """Raises `UserError` for a model of cased text: this project's tokenizer writes everything in lower case."""
    said = Path(name_or_folder) / "tokenizer_config.json"
    content = files.read_json(said) if said.is_file() else {}
    cased = isinstance(content, dict) and content.get("do_lower_case") is False
    if cased or (not said.exists() and "-cased" in name_or_folder):
        raise UserError(f"{FLAG} {name_or_folder}: a model of cased text, which is not read here; take an uncased one")


def load(folder: Path | str) -> nn.Layer:
    """A checkpoint of ours, strictly; in evaluation mode."""
    return encoders.load(FAMILIES, folder, FLAG)


def load_trained(name_or_folder: str, task: Task) -> nn.Layer:
    """A fine-tuned classifier: a checkpoint of ours, or PaddleNLP's `…ForSequenceClassification` in a folder.

    Raises:
        UserError: it has no trained head, one for another number of outputs, or one that computes something else.
    """
    name = encoders.family_of(FAMILIES, name_or_folder, FLAG)
    family = FAMILIES[name]
    if checkpoint.is_ours(family.model, name_or_folder):
        network = load(name_or_folder)
    else:
        config = Path(name_or_folder) / checkpoint.CONFIG
        content = files.read_json(config, "model configuration") if config.is_file() else {}
        if not any(str(name).endswith(STOCK_HEAD) for name in content.get("architectures") or []):
            raise UserError(f"{FLAG} {name_or_folder}: not fine-tuned yet; give a folder that run_glue.py wrote")
        if name == "tinybert":  # would load without an error, but compute something else
            raise UserError(
                f"{FLAG} {name_or_folder}: PaddleNLP's TinyBERT classifier has a ReLU in front, which this app's has "
                "not; fine-tune it by run_glue.py"
            )
        network = family.model.from_pretrained(str(name_or_folder))
        network.eval()
    if network.config.num_labels != task.outputs:
        raise UserError(
            f"{name_or_folder}: a head with {network.config.num_labels} outputs, but {task.name} has {task.outputs}"
        )
    return network


def load_or_adopt(name_or_folder: str, outputs: int) -> nn.Layer:
    """A checkpoint of ours, or a pretrained encoder by name or folder with a new classifier."""
    return encoders.load_or_adopt(FAMILIES, name_or_folder, {"num_labels": outputs}, FLAG)


def build(name: str, outputs: int, **shape: int | None) -> nn.Layer:
    """The named architecture with random weights, or a smaller one of its kind."""
    return encoders.build(FAMILIES, name, {"num_labels": outputs}, FLAG, **shape)
