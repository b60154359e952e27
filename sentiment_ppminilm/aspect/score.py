# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""How well an engine answers a labelled file: `performance_test.py --eval`."""

from common.cli import UserError
from common.engines.runtime import Predictor

import numpy as np

from aspect import metrics
from aspect.batches import Labelled

FIRST = ("accuracy", "precision", "recall", "f1")  # the last three of the positive class, as in the document


def score_engine(predictor: Predictor, data: Labelled) -> dict[str, float]:
    """Scores 0..1 by name, those that the document prints first; see `metrics.score`.

    Raises:
        UserError: an answer that is not a finite number.
    """
    logits = np.concatenate([predictor.run(*batch)["logits"] for batch in data.batches])
    if not np.isfinite(logits).all():
        raise UserError(f"{predictor.engine} answers NaN or infinity; take another engine")
    scores = metrics.score(data.labels, [row.label for row in data.rows], logits.argmax(axis=1).tolist())
    return {name: scores[name] for name in FIRST} | scores


def print_scores(scores: dict[str, float]) -> None:
    """One score a line, with five decimals."""
    for name, value in scores.items():
        print(f"{name}: {value:.5f}")
