# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training JointErnie: its loss, its scores by its own decoder, its checkpoints."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.data.readers import Span
from common.data.tags import TagDecoder, spans
from common.models import checkpoint
from common.train import finetune, trainer

import numpy as np
import paddle
from model import JointErnie

from slu.data import Labels, Row, collate
from slu.metrics import joint_scores

APP = "ernie_tiny_slu"

plain_metrics, format_metrics = finetune.plain_metrics, finetune.format_metrics


class JointTrainer(trainer.RecipeTrainer):
    """Joint loss on labels; metrics by the model's own decoder."""

    def __init__(self, labels: Labels, **kwargs: Any):
        super().__init__(data_collator=collate, compute_metrics=self.judge, **kwargs)
        self.labels, self.label_names = labels, ["row"]

    def outputs_and_loss(self, model, inputs):
        outputs = model(inputs["input_ids"])
        plain = model._layers if isinstance(model, paddle.DataParallel) else model
        return outputs, plain.loss(*outputs, inputs["intent_label"], inputs["slot_label"])

    def judge(self, prediction) -> dict[str, float]:
        intent_logits, slot_logits = prediction.predictions
        rows = [self.eval_dataset[int(number)] for number in np.asarray(prediction.label_ids).reshape(-1)]
        return score(rows, intent_logits, slot_logits, self.labels, decoder_of(self.model, self.labels))


def decoder_of(model: JointErnie, labels: Labels) -> TagDecoder:
    """The decoder that the model's config names, with its transitions where it has any."""
    transitions = model.crf.transitions() if model.crf is not None else None
    return TagDecoder(labels.slots, model.config.decoder, transitions)


def predicted_spans(logits: np.ndarray, row: Row, decoder: TagDecoder) -> list[Span]:
    """Slots of one row from its logits [length, tags]; [CLS], [SEP] and padding are left out."""
    inside = slice(1, len(row.ids) - 1)
    return spans(decoder.decode(logits[inside]), decoder.tags, row.offsets[inside])


def score(
    rows: Sequence[Row], intent_logits: np.ndarray, slot_logits: np.ndarray, labels: Labels, decoder: TagDecoder
) -> dict[str, float]:
    """Joint scores of logits [rows, intents] and [rows, length, tags] against the whole, uncut examples."""
    return joint_scores(
        [row.example.intent for row in rows],
        [row.example.spans for row in rows],
        [labels.intents[number] for number in intent_logits.argmax(axis=1)],
        [predicted_spans(logits, row, decoder) for row, logits in zip(rows, slot_logits, strict=True)],
        [len(row.example.text) for row in rows],
    )


def save(model: JointErnie, vocabulary: Path, folder: Path, record: dict) -> None:
    """Write a checkpoint into `folder`, beside what else it holds, with the record of what made it."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.write_into(model, vocabulary, folder, record)
