# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Models of one head on PaddleNLP's encoders: the right class by name, padding without effect, checkpoints whole."""

import json

import common  # noqa: F401  before paddle
from common.cli import UserError
from common.compress import ofa
from common.models import checkpoint, encoders, width
from common.models.encoders import Family, SentenceClassifier, TokenClassifier

import numpy as np
import paddle
import pytest
from paddlenlp.transformers import BertConfig, BertModel, ErnieConfig, ErnieModel, TinyBertConfig, TinyBertModel
from paddlenlp.transformers.bert.modeling import BertPretrainedModel
from paddlenlp.transformers.ernie.modeling import ErniePretrainedModel
from paddlenlp.transformers.tinybert.modeling import TinyBertPretrainedModel

SHAPE = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 12,
    "type_vocab_size": 2,
    "pad_token_id": 0,
}


class BertForTest(SentenceClassifier, BertPretrainedModel):
    base_class = BertModel


class TinyBertForTest(SentenceClassifier, TinyBertPretrainedModel):
    base_class = TinyBertModel


class ErnieForTest(SentenceClassifier, ErniePretrainedModel):
    base_class = ErnieModel


class ErnieForTokens(TokenClassifier, ErniePretrainedModel):
    base_class = ErnieModel


FAMILIES = {
    "bert": Family(BertForTest, BertConfig, {"bert-test": SHAPE}),
    "tinybert": Family(TinyBertForTest, TinyBertConfig, {"tinybert-test": SHAPE | {"fit_size": 24}}),
    "ernie": Family(ErnieForTest, ErnieConfig, {"ernie-test": SHAPE}),
}


def build(name: str, **more):
    paddle.seed(4)
    model = encoders.build(FAMILIES, name, {"num_labels": 3}, "--model", **more)
    model.eval()
    return model


@pytest.mark.parametrize("name", ["bert-test", "tinybert-test", "ernie-test"])
def test_padding_changes_nothing(name):
    model = build(name)
    ids, types = np.array([[2, 7, 9, 3, 0, 0]]), np.array([[0, 0, 1, 1, 0, 0]])
    with paddle.no_grad():
        long = model(paddle.to_tensor(ids), paddle.to_tensor(types)).numpy()
        short = model(paddle.to_tensor(ids[:, :4]), paddle.to_tensor(types[:, :4])).numpy()
    assert long.shape == (1, 3)
    np.testing.assert_allclose(long, short, rtol=0, atol=1e-5)


def test_a_token_head_answers_for_every_token():
    model = ErnieForTokens(ErnieConfig(**SHAPE), 5)
    model.eval()
    with paddle.no_grad():
        assert model(paddle.to_tensor(np.array([[2, 7, 9, 3]]))).shape == [1, 4, 5]


@pytest.mark.parametrize(
    ("said", "family"),
    [
        ("bert-base-uncased", "bert"),
        ("tinybert-4l-312d", "tinybert"),
        ("ernie-3.0-nano-zh", "ernie"),
        ("TinyBERT", "tinybert"),
    ],
)
def test_the_family_of_a_name(said, family):
    assert encoders.family_of(FAMILIES, said, "--model") == family


def test_the_family_of_a_folder_is_what_its_config_says(tmp_path):
    folder = tmp_path / "bert-like"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"architectures": ["ErnieModel"], "model_type": "ernie"}))
    assert encoders.family_of(FAMILIES, folder, "--model") == "ernie"


def test_an_unknown_family_names_the_flag():
    with pytest.raises(UserError, match="--model gpt2: its architecture is none of bert, tinybert, ernie"):
        encoders.family_of(FAMILIES, "gpt2", "--model")


@pytest.mark.parametrize("name", ["bert-test", "tinybert-test", "ernie-test"])
def test_a_narrow_checkpoint_loads_without_flags(tmp_path, name):
    model = build(name)
    encoder = encoders.encoder_of(model)
    width.resize(encoder, *ofa.sizes_at(encoder, 0.5))
    width.record(encoder, model.config)
    vocabulary = tmp_path / "words.txt"
    vocabulary.write_text(
        "".join(f"{word}\n" for word in ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]", *"abcdefghijk"))
    )
    checkpoint.save(model, vocabulary, tmp_path / "saved", {})
    loaded = encoders.load(FAMILIES, tmp_path / "saved", "--model")
    assert type(loaded) is type(model) and loaded.config.layer_heads == [2, 2]
    ids = paddle.to_tensor(np.array([[2, 7, 9, 3]]))
    with paddle.no_grad():
        assert np.array_equal(loaded(ids, ids * 0).numpy(), model(ids, ids * 0).numpy())


def test_a_model_without_our_head_is_not_loaded_but_adopted(tmp_path):
    base = ErnieModel(ErnieConfig(**SHAPE))
    config = SHAPE | {"architectures": ["ErnieModel"], "model_type": "ernie"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    paddle.save(base.state_dict(), str(tmp_path / "model_state.pdparams"))
    with pytest.raises(UserError, match="without this app's trained head"):
        encoders.load(FAMILIES, tmp_path, "--model")
    adopted = encoders.load_or_adopt(FAMILIES, str(tmp_path), {"num_labels": 3}, "--model")
    assert isinstance(adopted, ErnieForTest) and adopted.classifier.weight.shape == [16, 3]
    words = encoders.backbone(adopted).embeddings.word_embeddings.weight
    assert np.array_equal(words.numpy(), base.embeddings.word_embeddings.weight.numpy())


def test_a_smaller_one_of_its_kind():
    config = build("bert-test", num_hidden_layers=1, hidden_size=128, vocab_size=40).config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (1, 128, 2)
    assert (config.intermediate_size, config.vocab_size) == (512, 40)
    assert build("bert-test", hidden_size=12, num_attention_heads=6).config.num_attention_heads == 6


def test_heads_that_cannot_share_the_features_are_refused():
    with pytest.raises(UserError, match="--num_attention_heads 3: cannot share the 16 features of bert-test"):
        build("bert-test", num_attention_heads=3)


def test_an_unknown_architecture_is_named():
    with pytest.raises(UserError, match="knows no architecture `bert-none`"):
        encoders.build(FAMILIES, "bert-none", {"num_labels": 2}, "--model")
