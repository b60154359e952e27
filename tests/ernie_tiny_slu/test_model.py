# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""JointErnie: from a published folder, from its own checkpoints, and its outputs."""

import json
import shutil

from common import files
from common.cli import UserError

import numpy as np
import paddle
import pytest
import tiny_app
from model import V1_NAMES, V2_NAMES, JointErnie
from paddlenlp.transformers import ErnieModel
from paddlenlp.transformers.ernie.configuration import ERNIE_PRETRAINED_INIT_CONFIGURATION

IDS = np.array([[1, 20, 21, 22, 2, 0], [1, 30, 31, 2, 0, 0]], "int64")


def logits(model) -> list[np.ndarray]:
    model.eval()
    with paddle.no_grad():
        return [each.numpy() for each in model(paddle.to_tensor(IDS))]


def test_the_documents_call(tiny):
    model = JointErnie.from_pretrained(pretrained_model_name_or_path=str(tiny.pretrained), intent_dim=11, slot_dim=32)
    intents, slots = logits(model)
    assert intents.shape == (2, 11) and slots.shape == (2, 6, 32)
    assert model.crf is None and model.config.decoder == "bio"


@pytest.mark.parametrize("prefix", ["", "ernie."])
def test_pretrained_weights_arrive_in_the_encoder(tmp_path, tiny, prefix):
    tokens = (tiny.pretrained / "vocab.txt").read_text("utf-8").splitlines()
    tiny_app.write_pretrained(tmp_path, tokens[5:], prefix)
    model = JointErnie.from_pretrained(str(tmp_path), intent_dim=11, slot_dim=31)
    saved = paddle.load(str(tmp_path / "model_state.pdparams"))
    assert saved
    for name, value in saved.items():
        ours = model.state_dict()["ernie." + name.removeprefix("ernie.")]
        assert np.array_equal(ours.numpy(), value.numpy()), name


def test_every_size_of_the_document_is_known_by_name():
    assert len(V2_NAMES) == 6 and len(V1_NAMES) == 5
    shapes = {}
    for name in (*V2_NAMES, *V1_NAMES):
        config = ERNIE_PRETRAINED_INIT_CONFIGURATION[name]
        shapes[name.split("-")[3], name.split("-")[4]] = (config["num_hidden_layers"], config["hidden_size"])
    sizes = {"base": (12, 768), "medium": (6, 768), "mini": (6, 384), "micro": (4, 384), "nano": (4, 312)}
    assert shapes == {(s, v): shape for s, shape in sizes.items() for v in ("v1", "v2")} | {("pico", "v2"): (3, 128)}


def test_padding_does_not_change_an_answer(tiny):
    model = JointErnie.from_pretrained(str(tiny.pretrained), intent_dim=11, slot_dim=31)
    intents, slots = logits(model)
    with paddle.no_grad():
        alone_intents, alone_slots = model(paddle.to_tensor(IDS[1:, :4]))
    assert np.allclose(alone_intents.numpy(), intents[1:], atol=1e-5)
    assert np.allclose(alone_slots.numpy(), slots[1:, :4], atol=1e-5)


def test_our_mask_is_ernies_own(tiny):
    """The mask is built differently from ErnieModel's for Paddle Lite's sake; the hidden states are the same."""
    model = JointErnie.from_pretrained(str(tiny.pretrained), intent_dim=11, slot_dim=31)
    stock = ErnieModel.from_pretrained(str(tiny.pretrained))
    for each in (model, stock):
        each.eval()
    with paddle.no_grad():
        ours, _ = model.encode(paddle.to_tensor(IDS))
        theirs, _ = stock(paddle.to_tensor(IDS))
    real = IDS != 0
    assert np.allclose(ours.numpy()[real], theirs.numpy()[real], atol=1e-5)


def test_a_padded_label_does_not_count_in_the_loss(tiny):
    model = JointErnie.from_pretrained(str(tiny.pretrained), intent_dim=11, slot_dim=31)
    model.eval()
    intents, slots = (paddle.to_tensor(each) for each in logits(model))
    labels = np.full(IDS.shape, -100, "int64")
    labels[:, 1:3] = 1
    inner = paddle.to_tensor(labels)
    before = float(model.loss(intents, slots, paddle.to_tensor([0, 1]), inner))
    slots[:, 4:] = 100.0
    assert float(model.loss(intents, slots, paddle.to_tensor([0, 1]), inner)) == pytest.approx(before, rel=1e-6)


def test_a_checkpoint_of_ours_loads_without_flags_and_answers_the_same(trained, tmp_path):
    model = JointErnie.from_pretrained(str(trained))
    before = logits(model)
    model.save_pretrained(str(tmp_path))
    again = JointErnie.from_pretrained(str(tmp_path))
    for a, b in zip(before, logits(again), strict=True):
        assert np.array_equal(a, b)


def test_heads_of_another_width_are_refused_with_both_numbers(trained):
    with pytest.raises(UserError, match="slot_dim is 31 in this checkpoint, but 32 labels are given"):
        JointErnie.from_pretrained(str(trained), intent_dim=11, slot_dim=32)


def copy_of(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns("checkpoint-*", "bundle", "infer_*"))
    return tmp_path / "copy"


def test_a_missing_a_left_over_and_a_misshapen_weight_are_named(trained, tmp_path):
    """PaddleNLP's own loader warns and leaves random weights in place."""
    folder = copy_of(trained, tmp_path)
    path = folder / "model_state.pdparams"
    state = paddle.load(str(path))
    name = "intent_classifier.weight"
    for changed, message in (
        ({k: v for k, v in state.items() if k != name}, f"weight {name} is missing"),
        (state | {"extra.weight": state[name]}, "weight extra.weight has no place"),
        (state | {name: state[name][:, :5]}, rf"{name} has shape \[32, 5\], config.json says \[32, 11\]"),
    ):
        paddle.save(changed, str(path))
        with pytest.raises(UserError, match=message):
            JointErnie.from_pretrained(str(folder))


def test_a_config_that_belongs_to_another_width_is_refused(trained, tmp_path):
    folder = copy_of(trained, tmp_path)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    files.write_json(folder / "config.json", config | {"layer_heads": [3, 3], "layer_ffn": [36, 36]})
    with pytest.raises(UserError, match=r"has shape \[32, 32\], config.json says \[32, 24\]"):
        JointErnie.from_pretrained(str(folder))


def test_a_folder_called_like_a_known_model_is_the_folder(tiny, tmp_path, monkeypatch):
    """PaddleNLP would take its own configuration of that name and look at the folder's weights with it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / V2_NAMES[0]).symlink_to(tiny.pretrained)
    model = JointErnie.from_pretrained(V2_NAMES[0], intent_dim=11, slot_dim=31)
    assert model.config.hidden_size == 32
