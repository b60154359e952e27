# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The tasks' metrics by scikit-learn and scipy, without importing any engine."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from glue.tasks import Task

MISMATCHED = "dev_mismatched"


def predictions(task: Task, logits: np.ndarray) -> list:
    """Class index, or score, of each row of float32 [rows, outputs]."""
    return (logits[:, 0] if task.regression else logits.argmax(axis=1)).tolist()


def score(task: Task, gold: Sequence, predicted: Sequence) -> dict[str, float]:
    """The task's metrics, and `score`: their mean, by which checkpoints and widths are chosen.

    Args:
        gold, predicted: class indices, or scores, one per row.

    Matthews' and the correlations are -1 to 1, 0 where a side is constant; F1 is that of the class `1`.
    """
    measures = {name: MEASURES[name](gold, predicted) for name in task.metrics}
    return {**measures, "score": float(np.mean(list(measures.values())))}


def score_splits(task: Task, answers: Mapping[str, tuple[Sequence, Sequence]]) -> dict[str, float]:
    """Metrics of all reported splits together.

    Args:
        answers: name of a split to (gold, predicted), as of `score`.

    Returns:
        As `score` of the first split; a further one adds entries such as `accuracy_mismatched` of MNLI, and `score` is
        the mean.
    """
    first, *rest = answers
    found = score(task, *answers[first])
    for split in rest:
        more = score(task, *answers[split])
        found |= {f"{name}_{split.removeprefix('dev_')}": more[name] for name in task.metrics}
        found["score"] = (found["score"] + more["score"]) / 2
    return found


def metric_names(task: Task, found: Mapping[str, float]) -> list[str]:
    """The metrics that are reported: without `score` where the task has one metric, which it would only repeat."""
    return [name for name in found if name != "score" or len(task.metrics) > 1]


def _accuracy(gold: Sequence, predicted: Sequence) -> float:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(gold, predicted))


def _f1(gold: Sequence, predicted: Sequence) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(gold, predicted, zero_division=0))


def _matthews(gold: Sequence, predicted: Sequence) -> float:
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(gold, predicted))


def _correlation(kind: str, gold: Sequence, predicted: Sequence) -> float:
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        found = float(getattr(stats, kind)(gold, predicted)[0])
    return found if np.isfinite(found) else 0.0


def _pearson(gold: Sequence, predicted: Sequence) -> float:
    return _correlation("pearsonr", gold, predicted)


def _spearman(gold: Sequence, predicted: Sequence) -> float:
    """By scipy, which gives tied values their mean rank; PaddleNLP's own gives each another rank, which is wrong."""
    return _correlation("spearmanr", gold, predicted)


MEASURES = {"accuracy": _accuracy, "f1": _f1, "matthews": _matthews, "pearson": _pearson, "spearman": _spearman}
