# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.data.tokenizer import WordPieceTokenizer
from common.models import chinese_vocabulary

import numpy as np
import tiny_weights

SCORES = -np.arange(len(tiny_weights.PIECES), dtype="float32")


def made(**limits) -> dict[str, str]:
    """Each token, in order, and the piece whose row it takes over."""
    vocabulary = chinese_vocabulary.make(tiny_weights.PIECES, SCORES, **limits)
    return {token: tiny_weights.PIECES[row] for token, row in zip(vocabulary.tokens, vocabulary.rows, strict=True)}


def test_special_tokens_come_first_with_the_rows_of_the_models_own():
    assert list(made().items())[:5] == [
        ("[PAD]", "<pad>"),
        ("[CLS]", "<s>"),
        ("[SEP]", "</s>"),
        ("[MASK]", "<mask>"),
        ("[UNK]", "<unk>"),
    ]


def test_characters_and_punctuation_keep_their_pieces_in_the_order_of_frequency():
    found = made()
    for token in (",", "。", "去", "北", "京", "か"):
        assert found[token] == token
    order = [token for token in found if token in (",", "。", "去", "北", "京", "か")]
    assert order == [",", "。", "去", "北", "京", "か"]


def test_full_width_forms_take_the_row_of_what_the_model_read_for_them():
    found = made()
    assert found["，"] == ","
    assert found["１"] == found["①"] == "1"
    assert "Ｇ" not in found  # text comes in lower case
    assert found["ｇ"] == "g"


def test_latin_words_begin_with_the_space_and_go_on_without():
    found = made()
    assert (found["go"], found["##go"], found["g"], found["##g"]) == ("▁go", "go", "▁g", "g")
    assert (found["13"], found["##13"], found["1"]) == ("13", "13", "1")  # numbers stand without a space before them


def test_other_scripts_and_the_mark_of_a_space_are_left_out():
    found = made()
    assert not {"ж", "▁", "▁北"} & set(found)


def test_rare_words_fall_away_but_single_letters_stay():
    found = made(words=1, continuations=0)
    assert "go" in found and "13" not in found and "##go" not in found
    assert {"g", "##g", "1", "##1"} <= set(found)


def test_the_projects_tokenizer_reads_it():
    tokenizer = WordPieceTokenizer(list(made()))
    ids = tokenizer.encode("GO去北京，13").ids[1:-1]
    assert [tokenizer.tokens[number] for number in ids] == ["go", "去", "北", "京", "，", "13"]
