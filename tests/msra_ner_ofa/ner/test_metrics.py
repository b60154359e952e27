# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""How entities are counted: the document's way and the strict one."""

from common.data.tags import spans

import pytest
from ner.metrics import score


def test_a_lone_inside_tag_counts_by_default_and_not_strictly():
    """Strict and default differ; a single figure without the word says nothing."""
    gold = [["B-PER", "I-PER", "O", "B-LOC"]]
    predicted = [["I-PER", "I-PER", "O", "B-LOC"]]
    scores = score(gold, predicted, kinds=True)
    assert scores["f1"] == scores["precision"] == scores["recall"] == 1.0
    assert scores["f1_strict"] == pytest.approx(2 / 3)  # the place alone: precision 1, recall 1/2
    assert (scores["f1_LOC"], scores["f1_PER"]) == (1.0, 1.0)


def test_paddlenlp_counts_as_our_default():
    from paddlenlp.metrics import ChunkEvaluator

    labels = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    gold = [["B-PER", "I-PER", "O", "B-LOC", "I-LOC"], ["O", "B-LOC", "O"]]
    predicted = [["I-PER", "I-PER", "O", "B-LOC", "I-PER"], ["B-LOC", "B-LOC", "I-LOC"]]
    evaluator = ChunkEvaluator(label_list=labels)
    for tags, found in zip(gold, predicted, strict=True):
        arrays = ([[labels.index(tag) for tag in side]] for side in (found, tags))
        counted = evaluator.compute(*(__import__("paddle").to_tensor(a) for a in ([len(tags)], *arrays)))
        evaluator.update(*(each.numpy() for each in counted))
    precision, recall, f1 = evaluator.accumulate()
    scores = score(gold, predicted)
    assert (scores["precision"], scores["recall"], scores["f1"]) == pytest.approx((precision, recall, f1))


def test_what_is_served_is_what_is_counted():
    """The entities that predict.py cuts out of tags give the default's score."""
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    gold, predicted = [1, 2, 0, 3, 4], [2, 2, 0, 3, 2]
    named = ([[tags[n] for n in side]] for side in (gold, predicted))
    places = [(n, n + 1) for n in range(5)]
    cut = (spans(side, tags, places) for side in (gold, predicted))
    (gold_spans, found) = map(set, cut)
    assert score(*named)["f1"] == 2 * len(gold_spans & found) / (len(gold_spans) + len(found))


@pytest.mark.parametrize("predicted", [[["O", "O"]], [["I-PER", "O"]], [["B-LOC", "I-LOC"]]])
def test_no_entity_at_all_scores_nothing(predicted):
    scores = score([["O", "O"]], predicted, kinds=True)
    assert scores == {"f1": 0.0, "precision": 0.0, "recall": 0.0, "f1_strict": 0.0}
