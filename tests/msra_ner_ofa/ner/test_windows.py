# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every character gets one id and one tag, wherever it stands and whatever it is."""

from itertools import pairwise

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer

import numpy as np
import pytest
from ner.data import IGNORED, Sentence, joined, make_rows
from ner.windows import CONTEXT, CharacterEncoder, check_length, fold, windows_of

ENCODER = CharacterEncoder(WordPieceTokenizer(["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]", *"中国5a，", "##a", "e"]))

UNK = 4


def distance_to_a_cut(place, window, length) -> float:
    before = place - window.start if window.start else float("inf")
    behind = window.end - 1 - place if window.end < length else float("inf")
    return min(before, behind)


@pytest.mark.parametrize("size", [8, 9, 16, 50, 128])
def test_every_character_is_taken_once_from_the_window_where_it_stands_best(size):
    """Upstream cuts a sentence at --max_seq_length and never looks at the rest. All lengths up to 420, by trial."""
    for length in range(421):
        windows = windows_of(length, size)
        assert [place for window in windows for place in range(window.first, window.last)] == list(range(length))
        for window in windows:
            assert 0 <= window.start <= window.first < window.last <= window.end <= length
            assert window.end - window.start <= size - 2
            for place in range(window.first, window.last):
                best = max(distance_to_a_cut(place, w, length) for w in windows if w.start <= place < w.end)
                assert distance_to_a_cut(place, window, length) == best


def test_windows_have_context_on_both_sides_of_every_cut():
    windows = windows_of(10451, 128)
    for before, after in pairwise(windows):
        assert before.end - before.last >= CONTEXT and after.first - after.start >= CONTEXT
    assert len(windows) == 111 and all(window.end - window.start == 126 for window in windows)


def test_a_text_that_fits_is_read_at_once():
    assert windows_of(126, 128) == [(0, 126, 0, 126)] and len(windows_of(127, 128)) == 2 and windows_of(0, 128) == []


def test_full_width_digits_and_letters_are_folded_and_nothing_moves():
    """Lost digits: MSRA's training part has `5`, its test part `５`, which upstream never learnt."""
    text = "１９９８年，Ａｂｃ％．／（"
    assert fold(text) == "1998年，Abc％．／（" and len(fold(text)) == len(text)
    assert ENCODER.ids("５ａＡ") == ENCODER.ids("5aa") and UNK not in ENCODER.ids("５ａＡ")
    assert ENCODER.ids("，") != [UNK], "Chinese punctuation stays as it is"


@pytest.mark.parametrize(
    "text", ["中 国", "中\t\u200b国", "中😀国", "\x00", "한글", "é中", "\ud800", "ﬁ", "中\u0301国", "[SEP]"]
)
def test_one_id_for_every_character(text):
    ids = ENCODER.ids(text)
    assert len(ids) == len(text) and not {0, 1, 2, 3} & set(ids)


def test_a_special_token_in_a_text_is_plain_text():
    assert ENCODER.ids("[SEP]") == [UNK, UNK, ENCODER.ids("e")[0], UNK, UNK]


def test_rows_carry_each_label_once_and_join_to_the_sentence():
    sentences = [Sentence("中国" * 30, ("B-LOC", "I-LOC") * 30), Sentence("国", ("O",))]
    labels = ["O", "B-LOC", "I-LOC"]
    rows = make_rows(sentences, ENCODER, labels, 16)
    assert all(len(row.ids) <= 16 and len(row.ids) == len(row.labels) for row in rows)
    assert all(row.labels[0] == row.labels[-1] == IGNORED for row in rows)
    back = joined(rows, [np.array(row.labels) for row in rows])
    assert [[labels[n] for n in tags] for tags in back] == [list(s.tags) for s in sentences]


def test_windows_without_room_for_context_are_refused():
    with pytest.raises(UserError, match="--max_seq_length must be at least 8, got 7"):
        check_length(7)
