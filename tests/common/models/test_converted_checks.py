# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.cli import UserError
from common.models import convert_bert, converted_checks
from common.models.convert_bert import Bert
from common.models.wheel_weights import Source

import paddle
import pytest
import tiny_weights

TEXTS = ("hello going!", "去北 go")


@pytest.fixture
def bert(tmp_path) -> Bert:
    return convert_bert.read(Source(tiny_weights.write_folder(tmp_path / "source", tiny_weights.bert_files())))


@pytest.fixture
def folder(tmp_path, bert):
    made = tmp_path / "model"
    made.mkdir()
    convert_bert.write(bert, "bert", made)
    return made


def test_it_says_what_was_compared(bert, folder):
    said = converted_checks.check(folder, bert, "bert", {"go!": [1, 6, 9, 2]}, TEXTS, 1e-5)
    assert said[0] == "55 weights, each in its place in BertModel"
    assert said[1] == "token ids of 3 texts as PaddleNLP's tokenizer gives them, 1 of them with known ids"
    assert said[2].startswith("hidden states of 2 texts: at most ")


@pytest.mark.parametrize("damage", ["swapped", "transposed", "nan"])
def test_a_wrong_conversion_is_found(bert, folder, damage):
    """Each of the three gives a folder that loads without an error."""
    path, here = str(folder / "model_state.pdparams"), "bert.encoder.layers.1.self_attn"
    state = paddle.load(path)
    if damage == "swapped":
        names = (f"{here}.q_proj.weight", f"{here}.v_proj.weight")
        state[names[0]], state[names[1]] = state[names[1]], state[names[0]]
    elif damage == "transposed":
        state[f"{here}.q_proj.weight"] = state[f"{here}.q_proj.weight"].t()
    else:
        state["bert.encoder.layers.2.norm2.bias"][0] = float("nan")
    paddle.save(state, path)
    with pytest.raises(UserError, match="hidden states differ by"):
        converted_checks.check(folder, bert, "bert", {}, TEXTS, 1e-5)


def test_wrong_ids_are_found(bert, folder):
    with pytest.raises(UserError, match=r"`go!` has the ids .*, but \[1, 6, 5, 2\] for the model"):
        converted_checks.check(folder, bert, "bert", {"go!": [1, 6, 5, 2]}, TEXTS, 1e-5)


def test_a_vocabulary_of_another_length_is_found(bert, folder):
    with open(folder / "vocab.txt", "a") as stream:
        stream.write("more\n")
    with pytest.raises(UserError, match="13 words, but the word table has 12 rows"):
        converted_checks.check(folder, bert, "bert", {}, TEXTS, 1e-5)


def test_a_weight_that_is_missing_is_found(bert, folder):
    path = str(folder / "model_state.pdparams")
    state = paddle.load(path)
    del state["bert.encoder.layers.0.linear1.bias"]
    paddle.save(state, path)
    with pytest.raises(UserError, match=r"weight encoder\.layers\.0\.linear1\.bias is missing"):
        converted_checks.check(folder, bert, "bert", {}, TEXTS, 1e-5)
