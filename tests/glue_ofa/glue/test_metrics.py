# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The document's metrics, computed here by hand or by another way."""

import numpy as np
import pytest
from glue import metrics, tasks


def mean_ranks(values) -> np.ndarray:
    values = np.asarray(values, float)
    return np.array([(values < value).sum() + ((values == value).sum() + 1) / 2 for value in values])


def test_spearman_with_ties():
    """Tied values have their mean rank. PaddleNLP's own gives each a rank of its own, by its place in the list."""
    gold, predicted = [1.0, 2.0, 2.0, 3.0, 5.0, 5.0], [0.5, 2.0, 1.0, 2.0, 4.0, 4.5]
    expected = np.corrcoef(mean_ranks(gold), mean_ranks(predicted))[0, 1]
    found = metrics.score(tasks.find("STS-B"), gold, predicted)
    assert found["spearman"] == pytest.approx(expected, abs=1e-12)
    assert found["pearson"] == pytest.approx(np.corrcoef(gold, predicted)[0, 1], abs=1e-12)
    assert found["score"] == pytest.approx((found["pearson"] + found["spearman"]) / 2)


def test_paddlenlps_spearman_differs_where_there_are_ties():
    """Why scipy's is taken; should this fail, PaddleNLP has mended it."""
    import common  # noqa: F401  before paddle

    import paddle
    from paddlenlp.metrics import PearsonAndSpearman

    gold, predicted = [1.0, 2.0, 2.0, 3.0, 5.0, 5.0], [0.5, 2.0, 1.0, 2.0, 4.0, 4.5]
    metric = PearsonAndSpearman()
    metric.update((paddle.to_tensor(predicted).reshape([-1, 1]), paddle.to_tensor(gold).reshape([-1, 1])))
    ours = metrics.score(tasks.find("STS-B"), gold, predicted)
    pearson, spearman, _ = metric.accumulate()
    assert pearson == pytest.approx(ours["pearson"], abs=1e-6)
    assert abs(spearman - ours["spearman"]) > 1e-3


def test_matthews_by_its_formula():
    gold, predicted = [1, 1, 1, 0, 0, 1], [1, 0, 1, 0, 1, 1]
    tp, fn, fp, tn = 3, 1, 1, 1
    expected = (tp * tn - fp * fn) / ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5
    assert metrics.score(tasks.find("CoLA"), gold, predicted)["matthews"] == pytest.approx(expected)


def test_f1_is_that_of_the_paraphrases():
    found = metrics.score(tasks.find("MRPC"), [1, 1, 1, 0], [1, 1, 0, 0])
    assert found["accuracy"] == 0.75 and found["f1"] == pytest.approx(0.8) and found["score"] == pytest.approx(0.775)


@pytest.mark.parametrize(("name", "metric"), [("CoLA", "matthews"), ("STS-B", "pearson"), ("STS-B", "spearman")])
def test_a_model_that_always_says_the_same_has_no_correlation(name, metric, recwarn):
    assert metrics.score(tasks.find(name), [1, 0, 1], [1, 1, 1])[metric] == 0.0
    assert not [each for each in recwarn if "constant" in str(each.message)]


def test_mnli_has_matched_and_mismatched():
    task = tasks.find("MNLI")
    answers = {"dev_matched": ([0, 1], [0, 1]), "dev_mismatched": ([0, 1], [0, 2])}
    assert metrics.score_splits(task, answers) == {"accuracy": 1.0, "score": 0.75, "accuracy_mismatched": 0.5}
    assert metrics.metric_names(task, metrics.score_splits(task, answers)) == ["accuracy", "accuracy_mismatched"]
    assert metrics.score_splits(task, {"dev": ([0], [0])}) == {"accuracy": 1.0, "score": 1.0}


def test_the_mean_is_reported_only_where_it_says_something_new():
    assert metrics.metric_names(tasks.find("SST-2"), {"accuracy": 1.0, "score": 1.0}) == ["accuracy"]
    assert metrics.metric_names(tasks.find("QQP"), {"accuracy": 1, "f1": 1, "score": 1}) == ["accuracy", "f1", "score"]


def test_predictions_are_classes_or_scores():
    logits = np.array([[0.5, 2.0], [3.0, 1.0]], "float32")
    assert metrics.predictions(tasks.find("RTE"), logits) == [1, 0]
    assert metrics.predictions(tasks.find("STS-B"), logits[:, :1]) == [0.5, 3.0]
