# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""AspectPredictor: answers of pairs alone and in batches; which files it takes."""

import json
import shutil

from common.bundle.bundle import read_bundle
from common.cli import UserError
from common.engines import paddle_shapes

import numpy as np
import pytest
import tiny_bundle
from aspect import collect
from aspect.predictor import AspectPredictor, find_bundle
from speed_calls import refused, run

PAIR = ("服务很好", "老板服务很好，菜也好吃")


EMPTY = {"text": "", "aspect": "", "label": None, "confidence": 0.0, "reason": "empty"}


@pytest.fixture(scope="module")
def predictor() -> AspectPredictor:
    return AspectPredictor(tiny_bundle.folder() / "bundle")


def test_an_answer_is_the_softmax_of_the_models_logits(predictor):
    for pair, logits in zip(tiny_bundle.pairs(), tiny_bundle.logits(), strict=True):
        answer = predictor.answer(*pair)
        assert list(answer) == ["text", "aspect", "label", "name", "confidence"]
        assert (answer["aspect"], answer["text"]) == pair
        chances = np.exp(logits) / np.exp(logits).sum()
        assert answer["confidence"] == pytest.approx(chances.max(), abs=1e-5)
        assert (answer["label"], answer["name"]) == (
            ["0", "1"][logits.argmax()],
            ["negative", "positive"][logits.argmax()],
        )
        assert json.loads(json.dumps(answer)) == answer


def test_aspect_and_text_are_not_the_same_thing(predictor):
    """A model that ignored the second input, or their order, would answer alike."""
    one, other = predictor.answer(*PAIR)["confidence"], predictor.answer(*reversed(PAIR))["confidence"]
    assert abs(one - other) > 1e-3
    ids, types = tiny_bundle.batches()[0]
    assert np.abs(predictor.logits(ids, types) - predictor.logits(ids, 0 * types)).max() > 1e-3


@pytest.mark.parametrize("size", [1, 3, 7, 64])
def test_batches_change_no_answer(predictor, size):
    pairs = [*tiny_bundle.pairs(), ("", ""), PAIR, ("服务", "很" * 300)]
    for pair, answer in zip(pairs, predictor.answer_all(pairs, size), strict=True):
        alone = predictor.answer(*pair)
        assert answer.pop("confidence") == pytest.approx(alone.pop("confidence"), abs=1e-5)
        assert answer == alone


def test_a_batch_is_padded_to_its_longest_pair_only(predictor, monkeypatch):
    seen = []
    compute = predictor._predictor.run
    monkeypatch.setattr(predictor._predictor, "run", lambda *arrays: seen.append(arrays) or compute(*arrays))
    predictor.answer_batch([("好", "好吃"), ("服务", "很好"), ("", "很好")])
    ((ids, types),) = seen
    assert ids.shape == types.shape == (2, 7), "[CLS] 服 务 [SEP] 很 好 [SEP], and nothing for the empty one"
    assert ids[0, 6] == 0 and types.tolist() == [[0, 0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1, 1]]


@pytest.mark.parametrize("nothing", ["", " \t ", "\u200b\x00", "鿕鿕", "\ud800"])
def test_an_empty_aspect_or_text_is_said_and_not_computed(predictor, nothing, monkeypatch):
    monkeypatch.setattr(predictor._predictor, "run", None)  # calling it would fail
    for aspect, text in ((nothing, "很好"), ("服务", nothing), (nothing, nothing)):
        wanted = {**EMPTY, "aspect": aspect, "text": text}
        assert predictor.answer(aspect, text) == wanted
        assert predictor.answer_all([(aspect, text)] * 2, 2) == [wanted] * 2


def test_a_long_text_is_cut_and_it_is_said(predictor):
    fits = predictor.answer("服务", "很" * 251)  # 2 + 251 tokens, [CLS], two [SEP]: all 256
    longer = predictor.answer("服务", "很" * 252)
    assert "truncated" not in fits and longer["truncated"] is True
    assert longer["confidence"] == fits["confidence"]
    short = AspectPredictor(tiny_bundle.folder() / "bundle", max_length=7).answer("服务", "很好吃")
    assert short == {**predictor.answer("服务", "很好"), "text": "很好吃", "truncated": True}


def test_a_bundle_that_names_no_labels(tmp_path):
    folder = tiny_bundle.copy(tmp_path / "model", label_names=None)
    assert "name" not in AspectPredictor(folder / "bundle").answer(*PAIR)


def test_what_a_predictor_does_not_take(predictor, tmp_path):
    with pytest.raises(UserError, match="--batch_size must be at least 1, got 0"):
        predictor.answer_all([PAIR], 0)
    assert predictor.answer_all([], 4) == []
    for length in (4, 257):
        with pytest.raises(UserError, match=f"--max_length {length}: .* made for 256 tokens; give 5 to 256"):
            AspectPredictor(tiny_bundle.folder() / "bundle", max_length=length)
    folder = tiny_bundle.copy(tmp_path / "model", task="token_classification") / "bundle"
    for bundle in (folder, read_bundle(folder)):
        with pytest.raises(UserError, match="`token_classification`, but `aspect_sentiment` was asked for"):
            AspectPredictor(bundle)


def test_pairs_may_be_endless(predictor):
    def forever():
        while True:
            yield PAIR

    stream = predictor.answer_stream(forever(), 3)
    assert [next(stream)["label"] for _ in range(5)] == [predictor.answer(*PAIR)["label"]] * 5


def test_a_model_without_its_bundle_is_refused(fp32, place, tmp_path):
    for ending in ("pdmodel", "pdiparams"):
        shutil.copy(place / f"checkpoints/pp_checkpoints/static/infer.{ending}", tmp_path / f"infer.{ending}")
    refused(run(*fp32, "--model_path", tmp_path / "infer"), 2, f"{tmp_path}/infer: its .pdmodel and .pdiparams are not")
    (tmp_path / "infer.pdmodel").unlink()  # weights of another model behind a bundle's program
    (tmp_path / "infer.pdmodel").symlink_to(place / "checkpoints/pp_checkpoints/static/infer.pdmodel")
    refused(run(*fp32, "--model_path", tmp_path / "infer"), 2, "not those of one bundle")


def test_missing_files_are_named_with_their_neighbours(fp32, place):
    refused(run(*fp32, "--model_path", "checkpoints/pp_checkpoints/static/model"), 2, "static/model.pdmodel: no such")
    ended = run(*fp32, "--model_path", "checkpoints/pp_checkpoints/no/infer")
    refused(ended, 2, "no such static model (--model_path); checkpoints/pp_checkpoints/ holds: quant, static")
    refused(run(*fp32, "--model_path", "data"), 2, "data/manifest.json: no such manifest")


@pytest.mark.parametrize("name", ["model.pdiparams", "model.pdmodel", "vocab.txt"])
def test_a_tampered_bundle_is_refused(fp32, tmp_path, name):
    folder = tiny_bundle.copy(tmp_path / "model")
    content = bytearray((folder / "bundle" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "bundle" / name).write_bytes(content)
    refused(run(*fp32, "--model_path", folder / "infer"), 2, f"{name}: sha256")


def test_a_bundle_of_another_task_or_form_is_refused(fp32, tmp_path):
    folder = tiny_bundle.copy(tmp_path / "model", task="joint_intent_slot")
    refused(run(*fp32, "--model_path", folder / "infer"), 2, "task `joint_intent_slot`, but `aspect_sentiment`")
    folder = tiny_bundle.copy(tmp_path / "one", inputs=[{"name": "input_ids", "shape": [-1, -1], "dtype": "int64"}])
    refused(run(*fp32, "--model_path", folder / "bundle"), 2, "inputs, outputs and labels are ['input_ids']")
    folder = tiny_bundle.copy(tmp_path / "names", label_names=["good"])
    refused(run(*fp32, "--model_path", folder / "bundle"), 2, "`label_names` must be 2 strings")


def test_a_bundle_by_its_folder_or_by_its_name(place):
    folder = place / "checkpoints/pp_checkpoints/static"
    assert find_bundle(folder / "infer") == find_bundle(folder / "bundle")
    assert collect.shapes_path(find_bundle(folder / "infer")) == folder.resolve() / paddle_shapes.SHAPES
