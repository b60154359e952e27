# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Scores, in 0..1: thin over scikit-learn and seqeval."""

from collections.abc import Collection, Sequence

from common.data.readers import Span

import numpy as np


def entity_scores(
    gold: Sequence[Collection[Span]], predicted: Sequence[Collection[Span]], lengths: Sequence[int]
) -> dict:
    """Micro precision, recall and F1 of whole entities (kind, begin and end all right), by seqeval.

    Args:
        gold, predicted: the spans of each text; within one text they must not overlap.
        lengths: characters of each text.
    """
    from seqeval.metrics import f1_score, precision_score, recall_score

    tags = [
        [_character_tags(spans, length) for spans, length in zip(side, lengths, strict=True)]
        for side in (gold, predicted)
    ]
    scores = {"precision": precision_score, "recall": recall_score, "f1": f1_score}
    return {name: float(score(*tags, zero_division=0)) for name, score in scores.items()}


def _character_tags(spans: Collection[Span], length: int) -> list[str]:
    tags = ["O"] * length
    for span in spans:
        tags[span.start : span.end] = [f"B-{span.kind}"] + [f"I-{span.kind}"] * (span.end - span.start - 1)
    return tags


def joint_scores(
    gold_intents: Sequence[str],
    gold_spans: Sequence[Collection[Span]],
    intents: Sequence[str],
    spans: Sequence[Collection[Span]],
    lengths: Sequence[int],
) -> dict[str, float]:
    """Intent and slots together.

    `accuracy` counts a sentence as right when its intent and every slot are right, for every sentence: the document's
    metric without upstream's list of intents whose slots are never looked at. A slot that was cut off with the text is
    a wrong one.
    """
    intent_right = np.array([a == b for a, b in zip(gold_intents, intents, strict=True)])
    slots_right = np.array([set(a) == set(b) for a, b in zip(gold_spans, spans, strict=True)])
    slots = entity_scores(gold_spans, spans, lengths)
    return {
        "accuracy": float((intent_right & slots_right).mean()),
        "intent_accuracy": float(intent_right.mean()),
        "slot_accuracy": float(slots_right.mean()),
        **{f"slot_{name}": value for name, value in slots.items()},
    }
