# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Entity scores of tag sequences, without importing any engine."""

from collections.abc import Sequence

Tags = Sequence[Sequence[str]]
"""Per sentence one tag per character."""


def score(gold: Tags, predicted: Tags, kinds: bool = False) -> dict[str, float]:
    """Micro scores of whole entities in 0..1, by seqeval.

    `f1`, `precision` and `recall` read tags as the document's ChunkEvaluator and seqeval's default do: an `I-x` that
    follows nothing of its kind begins an entity. `f1_strict` is strict IOB2, in which such an `I-x` is none.

    Args:
        kinds: also `f1_<kind>` of each kind in the gold tags, read as `f1` is.
    """
    from seqeval.metrics import classification_report, f1_score, precision_score, recall_score
    from seqeval.scheme import IOB2

    gold, predicted = [list(tags) for tags in gold], [list(tags) for tags in predicted]
    named = {"f1": f1_score, "precision": precision_score, "recall": recall_score}
    scores = {name: float(function(gold, predicted, zero_division=0)) for name, function in named.items()}
    scores["f1_strict"] = float(f1_score(gold, predicted, mode="strict", scheme=IOB2, zero_division=0))
    if kinds:
        report = classification_report(gold, predicted, output_dict=True, zero_division=0)
        found = sorted({tag[2:] for tags in gold for tag in tags if tag != "O"})
        scores |= {f"f1_{kind}": float(report[kind]["f1-score"]) for kind in found}
    return scores
