# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a run starts from: a pretrained model, one of our checkpoints, or random weights; and its vocabulary."""

from collections.abc import Iterable
from pathlib import Path

from common import files
from common.cli import UserError
from common.models import checkpoint
from common.models.encoders import Family
from common.train import finetune

from model import JointErnie
from paddlenlp.transformers import ErnieConfig
from paddlenlp.transformers.ernie.configuration import ERNIE_PRETRAINED_INIT_CONFIGURATION

from slu.data import Labels

FAMILIES = {"ernie": Family(JointErnie, ErnieConfig, ERNIE_PRETRAINED_INIT_CONFIGURATION)}
FLAG = "--model_name_or_path"


def heads_of(labels: Labels) -> dict[str, int]:
    """What JointErnie is told of its heads."""
    return {"intent_dim": len(labels.intents), "slot_dim": len(labels.slots)}


def from_scratch(
    name: str, labels: Labels, dropout: float, decoder: str | None, texts: Iterable[str], folder: Path
) -> tuple[JointErnie, Path]:
    """The named architecture with random weights, and a vocabulary of the training texts written into `folder`."""
    heads = {**heads_of(labels), "dropout": dropout, "decoder": decoder}
    return finetune.from_scratch(FAMILIES, name, heads, FLAG, folder, texts)


def load(
    name: str, labels: Labels, dropout: float, decoder: str | None, to_train: bool, max_length: int, folder: Path
) -> tuple[JointErnie, Path]:
    """The model that `--model_name_or_path` names, and its vocabulary file; a downloaded one comes to lie in `folder`.

    Args:
        dropout: before the heads; of a checkpoint of ours only where it is trained on.
        decoder: None: as trained, or bio.
        to_train: whether it is trained on, so that a CRF may be added.
        max_length: longest input in tokens.

    Raises:
        UserError: not reachable, a CRF that was never trained, or vocabulary, tables and length that do not fit.
    """
    heads = heads_of(labels)
    if not checkpoint.is_ours(JointErnie, name):
        heads |= {"dropout": dropout, "decoder": decoder}
    model = JointErnie.from_pretrained(name, **heads)
    if decoder == "crf" and model.crf is None:
        if not to_train:
            raise UserError(f"--decoder crf: {Path(name)} was trained without transitions; train it on with --do_train")
        model.add_crf()
    if decoder:
        model.config.decoder = decoder
    if to_train:
        model.dropout.p = model.config.classifier_dropout = dropout
    vocabulary = finetune.vocabulary_of(name, folder)
    finetune.check_fit(model, vocabulary, max_length, "--max_seq_length")
    return model, vocabulary


def stage_of(name: str) -> str:
    """The stage of a checkpoint of ours, as it was recorded; `original` for what is not ours."""
    record = Path(name) / checkpoint.RECORD
    if not checkpoint.is_ours(JointErnie, name) or not record.exists():
        return "original"
    return files.read_json(record).get("stage", "original")
