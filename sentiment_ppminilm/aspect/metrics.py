# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Scores of aspect sentiment, without importing any engine."""

from collections.abc import Sequence

from data import LabelSet


def score(labels: LabelSet, gold: Sequence[int], predicted: Sequence[int]) -> dict[str, float]:
    """Scores in 0..1 by scikit-learn.

    `precision`, `recall` and `f1` are those of the last label, the positive class, as in the document; `f1_<value>` is
    each label's own, `macro_f1` their mean.
    """
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    numbers = list(range(len(labels.values)))
    precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted, labels=numbers, zero_division=0)
    return {
        "f1": float(f1[-1]),
        "precision": float(precision[-1]),
        "recall": float(recall[-1]),
        "accuracy": float(accuracy_score(gold, predicted)),
        **{f"f1_{value}": float(f1[number]) for number, value in enumerate(labels.values)},
        "macro_f1": float(f1.mean()),
    }
