# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.data.readers import Span

import pytest
from seqeval.metrics import f1_score, precision_score, recall_score
from slu.metrics import entity_scores, joint_scores

SONG, SINGER = Span("song", 2, 4), Span("singer", 5, 8)


def score(gold, predicted, intents=None, guessed=None, length=10):
    intents = intents or ["play"] * len(gold)
    return joint_scores(intents, gold, guessed or intents, predicted, [length] * len(gold))


def test_all_right():
    scores = score([[SONG, SINGER], []], [[SINGER, SONG], []])  # the order of slots means nothing
    assert scores == {
        "accuracy": 1,
        "intent_accuracy": 1,
        "slot_accuracy": 1,
        "slot_precision": 1,
        "slot_recall": 1,
        "slot_f1": 1,
    }


def test_a_sentence_needs_its_intent_and_all_slots():
    gold = [[SONG], [SONG], [SONG, SINGER], []]
    predicted = [[SONG], [SINGER], [SONG], []]
    scores = score(gold, predicted, ["a", "b", "c", "d"], ["a", "b", "c", "x"])
    assert scores["intent_accuracy"] == 3 / 4
    assert scores["slot_accuracy"] == 2 / 4
    assert scores["accuracy"] == 1 / 4
    assert scores["slot_precision"] == pytest.approx(2 / 3)
    assert scores["slot_recall"] == pytest.approx(2 / 4)
    assert scores["slot_f1"] == pytest.approx(2 * 2 / (3 + 4))


@pytest.mark.parametrize(
    "predicted",
    [
        pytest.param([Span("song", 2, 3)], id="a slot cut off with the text"),
        pytest.param([Span("song", 1, 4)], id="begins too early"),
        pytest.param([Span("singer", 2, 4)], id="another kind"),
        pytest.param([], id="missed"),
        pytest.param([SONG, SINGER], id="one too many"),
        pytest.param([Span("song", 2, 3), Span("song", 3, 4)], id="in two pieces"),
    ],
)
def test_a_slot_is_right_as_a_whole_or_wrong(predicted):
    scores = score([[SONG]], [predicted])
    assert scores["intent_accuracy"] == 1
    assert scores["slot_accuracy"] == scores["accuracy"] == 0


@pytest.mark.parametrize("intent", ["OTHERS", "music.pause", "music.next", "phone_call.cancel", "navigation.cancel"])
def test_no_intent_has_its_slots_overlooked(intent):
    """Upstream counts these intents as right whatever slots were found; the label files of others may differ."""
    scores = score([[SONG], []], [[], [SINGER]], [intent] * 2)
    assert scores["intent_accuracy"] == 1
    assert scores["accuracy"] == 0


def test_entity_scores_are_seqeval_on_characters():
    gold = [[SONG, SINGER], [Span("song", 0, 1)], []]
    predicted = [[SONG, Span("singer", 5, 9)], [Span("song", 0, 1), Span("song", 1, 2)], [SINGER]]
    tags = [
        [
            ["O", "O", "B-song", "I-song", "O", "B-singer", "I-singer", "I-singer", "O", "O"],
            ["B-song", *"OOOOOOOOO"],
            [*"OOOOOOOOOO"],
        ],
        [
            ["O", "O", "B-song", "I-song", "O", "B-singer", "I-singer", "I-singer", "I-singer", "O"],
            ["B-song", "B-song", *"OOOOOOOO"],
            ["O", "O", "O", "O", "O", "B-singer", "I-singer", "I-singer", "O", "O"],
        ],
    ]
    assert entity_scores(gold, predicted, [10] * 3) == {
        "precision": precision_score(*tags),
        "recall": recall_score(*tags),
        "f1": f1_score(*tags),
    }
    assert f1_score(*tags) == pytest.approx(2 * 2 / (3 + 5))


def test_no_entity_anywhere_is_zero_not_a_fault():
    assert entity_scores([[]], [[]], [3]) == {"precision": 0, "recall": 0, "f1": 0}


def test_padding_cannot_come_in():
    """Texts of different lengths judged together score as they do alone: there is no padded label to count. Upstream
    read 0.484 where 0.991 was true, because the Trainer pads labels with -100."""
    short = ([Span("song", 0, 1)], [Span("song", 0, 1)], 1)
    long = ([SINGER], [SINGER], 60)
    wrong = ([SONG], [], 5)
    rows = [short, long, wrong]
    together = joint_scores(["a"] * 3, [row[0] for row in rows], ["a"] * 3, [row[1] for row in rows], [1, 60, 5])
    alone = [joint_scores(["a"], [gold], ["a"], [found], [length]) for gold, found, length in rows]
    assert together["accuracy"] == pytest.approx(sum(each["accuracy"] for each in alone) / 3)
    assert together["accuracy"] == pytest.approx(2 / 3)
    assert together["slot_recall"] == pytest.approx(2 / 3)


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="zip"):
        joint_scores(["a", "b"], [[], []], ["a"], [[], []], [1, 1])
