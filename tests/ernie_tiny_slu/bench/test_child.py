# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One bundle in a process of its own."""

import pytest


def test_scores_are_those_of_a_hand_count(measured):
    original, width = measured[0]["stages"]
    expected = {
        "accuracy": 15 / 20,
        "accuracy_unseen": 9 / 14,
        "accuracy_argmax": 13 / 20,
        "accuracy_crf": 12 / 20,
        "accuracy_crf_unseen": 6 / 14,
        "intent_accuracy": 17 / 20,
        "slot_f1": 2 * 9 / (9 + 11),  # 9 in the labels, 11 found, 9 of them right
    }
    assert original["metrics"] == pytest.approx(expected, abs=1e-9)
    assert list(original["metrics"]) == list(expected)
    without = {name: value for name, value in expected.items() if "crf" not in name}
    assert width["metrics"] == pytest.approx(without, abs=1e-9) and list(width["metrics"]) == list(without)
