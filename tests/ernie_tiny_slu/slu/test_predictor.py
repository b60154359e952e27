# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Texts to answers, by the predictor that users get."""

import json

from common.bundle import read_bundle
from common.cli import UserError
from common.engines import runtime

import bundle_fixture
import numpy as np
import pytest
from fixture_answers import EMPTY, SONG, without_confidence
from slu.predictor import SluPredictor


@pytest.fixture(scope="module")
def predictor() -> SluPredictor:
    return SluPredictor(bundle_fixture.bundle())


def test_the_documents_example(predictor):
    answer = predictor.answer(SONG["text"])
    assert list(answer) == ["text", "intent", "confidence", "slots"]
    assert without_confidence(answer) == SONG
    assert json.loads(json.dumps(answer)) == answer


def test_the_confidence_is_the_softmax_of_the_intent(predictor):
    text = "听歌放"
    ids = np.array([predictor.tokenizer.encode(text).ids])
    logits = runtime.load(bundle_fixture.bundle()).run(ids)["intent_logits"][0].astype(float)
    wanted = np.exp(logits) / np.exp(logits).sum()
    assert predictor.answer(text)["confidence"] == pytest.approx(wanted.max(), abs=1e-6)


def test_entities_are_cut_from_the_raw_text(predictor):
    """Offsets count characters of what was typed: an emoji is one, spaces are kept, control characters take a place."""
    text = "  😀\u200b 刘 德华,花心"
    slots = predictor.answer(text)["slots"]
    assert [(slot["slot"], slot["entity"]) for slot in slots] == [("singer", "刘 德华"), ("song", "花心")]
    for slot in slots:
        first, last = slot["pos"]
        assert text[first : last + 1] == slot["entity"]


@pytest.mark.parametrize("text", ["", " \t ", "\u200b\x00", "鿕", "\ud800"])
def test_nothing_to_read_is_said_and_not_computed(predictor, text, monkeypatch):
    monkeypatch.setattr(predictor._predictor, "run", None)  # calling it would fail
    assert predictor.answer(text) == {**EMPTY, "text": text}
    assert predictor.answer_all([text, text], batch_size=2) == [{**EMPTY, "text": text}] * 2


def test_a_long_text_is_cut_and_it_is_said(predictor):
    text = "放一首刘德华的音乐" + "的" * 5
    assert "truncated" not in predictor.answer(text)  # 14 tokens and [CLS], [SEP]: all 16
    longer = predictor.answer(text + "花心")
    assert longer["truncated"] is True
    assert [slot["slot"] for slot in longer["slots"]] == ["singer"]
    assert SluPredictor(bundle_fixture.bundle(), max_length=6).answer(SONG["text"]) == {
        **predictor.answer("放一首刘"),
        "text": SONG["text"],
        "truncated": True,
    }


@pytest.mark.parametrize("batch_size", [1, 2, 3, 8])
def test_batches_change_no_answer(predictor, batch_size):
    texts = [SONG["text"], "", "导航", "放一首花心", "   ", "的"]
    batched = predictor.answer_all(texts, batch_size)
    for text, answer in zip(texts, batched, strict=True):
        alone = predictor.answer(text)
        assert answer.pop("confidence") == pytest.approx(alone.pop("confidence"), abs=1e-6)
        assert answer == alone


def test_a_batch_of_nothing_is_refused(predictor):
    with pytest.raises(UserError, match="--batch_size must be at least 1, got 0"):
        predictor.answer_all(["导航"], 0)
    assert predictor.answer_all([], 4) == []


@pytest.mark.parametrize("length", [2, 17])
def test_a_length_the_bundle_does_not_have(length):
    with pytest.raises(UserError, match=f"--max_length {length}: .* made for 16 tokens; give 3 to 16"):
        SluPredictor(bundle_fixture.bundle(), max_length=length)


def test_a_bundle_of_another_task(tmp_path):
    folder = bundle_fixture.copy(tmp_path / "bundle", task="token_classification")
    for bundle in (folder, read_bundle(folder)):
        with pytest.raises(UserError, match="`token_classification`, but `joint_intent_slot` was asked for"):
            SluPredictor(bundle)


def test_the_bundles_transitions_reach_the_decoder(tmp_path):
    """A CRF that forbids to begin with a singer and to go from O to one leaves the song."""
    folder = bundle_fixture.copy(tmp_path / "bundle")
    pairs = [[0.0] * 5 for _ in range(5)]
    pairs[0][1] = -100.0
    transitions = {"start": [0.0, -100.0, 0.0, 0.0, 0.0], "end": [0.0] * 5, "pairs": pairs}
    bundle_fixture.reseal(folder, decoder={"default": "crf", "transitions": transitions})
    text = "刘德华的花心"
    kinds = {
        decoder: [slot["slot"] for slot in SluPredictor(folder, decoder=decoder).answer(text)["slots"]]
        for decoder in (None, "crf", "bio", "argmax")
    }
    assert kinds == {None: ["song"], "crf": ["song"], "bio": ["singer", "song"], "argmax": ["singer", "song"]}
