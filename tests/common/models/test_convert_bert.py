# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Conversions are judged by what PaddleNLP's models then compute: tolerance 1e-5 on states of size 1."""

from common.cli import UserError
from common.models import convert_bert, converted_checks, encoders
from common.models.convert_bert import Bert
from common.models.wheel_weights import Source

import numpy as np
import pytest
import tiny_weights
from paddlenlp.transformers import ErnieModel
from paddlenlp.transformers.ernie.configuration import ErnieConfig
from paddlenlp.transformers.ernie.modeling import ErniePretrainedModel

TEXTS = ("hello going!", "去北 go")


def read(tmp_path, **changes) -> Bert:
    return convert_bert.read(Source(tiny_weights.write_folder(tmp_path / "source", tiny_weights.bert_files(**changes))))


def written(tmp_path, bert: Bert, family: str = "bert"):
    folder = tmp_path / family
    folder.mkdir()
    convert_bert.write(bert, family, folder)
    return folder


@pytest.mark.parametrize("family", convert_bert.CLASSES)
def test_every_family_computes_what_the_source_does(tmp_path, family):
    bert = read(tmp_path)
    folder = written(tmp_path, bert, family)
    said = converted_checks.check(folder, bert, family, {"go!": [1, 6, 9, 2]}, TEXTS, 1e-5)
    assert said[0].startswith(f"{5 + 16 * tiny_weights.LAYERS + 2} weights")


def test_chosen_layers_are_the_models_own(tmp_path):
    bert = read(tmp_path)
    few = convert_bert.with_layers(bert, [2, 0])
    name = "attention.self.query.weight"
    np.testing.assert_array_equal(few.weights[f"encoder.layer.0.{name}"], bert.weights[f"encoder.layer.2.{name}"])
    converted_checks.check(written(tmp_path, few), few, "bert", {}, TEXTS, 1e-5)


@pytest.mark.parametrize("layers", [[], [3], [0, -1]])
def test_layers_that_are_not_there(tmp_path, layers):
    with pytest.raises(UserError, match="the model has layers 0 to 2"):
        convert_bert.with_layers(read(tmp_path), layers)


def test_an_app_adopts_the_folder(tmp_path):
    class ErnieForIt(encoders.SentenceClassifier, ErniePretrainedModel):
        base_class = ErnieModel

    bert = read(tmp_path)
    folder = written(tmp_path, bert, "ernie")
    families = {"ernie": encoders.Family(ErnieForIt, ErnieConfig, {})}
    network = encoders.load_or_adopt(families, str(folder), {"num_labels": 3}, "--model_name_or_path")
    for name, value in convert_bert.paddle_state(bert.weights, "ernie").items():
        np.testing.assert_array_equal(network.state_dict()[name].numpy(), value, err_msg=name)


def test_a_weight_too_many_or_too_few_is_refused(tmp_path):
    bert = read(tmp_path)
    del bert.weights["pooler.dense.bias"]
    with pytest.raises(UserError, match="54 weights, but a plain BERT of 3 layers has 55"):
        written(tmp_path, bert)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"model_type": "roberta"}, "model_type is roberta"),
        ({"hidden_act": "relu"}, "another activation"),
        ({"position_embedding_type": "relative_key"}, "position embedding"),
    ],
)
def test_what_is_no_plain_bert_is_refused(tmp_path, changes, wrong):
    with pytest.raises(UserError, match=wrong):
        read(tmp_path, **changes)


def test_a_cased_model_is_refused(tmp_path):
    content = tiny_weights.bert_files() | {"tokenizer_config.json": b'{"do_lower_case": false}'}
    with pytest.raises(UserError, match="cased"):
        convert_bert.read(Source(tiny_weights.write_folder(tmp_path / "cased", content)))
