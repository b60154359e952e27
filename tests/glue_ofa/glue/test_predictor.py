# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""GluePredictor: what it answers to one text or two, and which bundles it takes."""

import shutil

import common  # noqa: F401  before paddle
from common import files
from common.cli import UserError

import numpy as np
import paddle
import pytest
from calls import call
from glue import model
from glue.predictor import GluePredictor, find_bundle
from tiny_glue import export_words, words

TEXT = "the plot is warm ."


@pytest.fixture(scope="module")
def predictor(exported) -> GluePredictor:
    return GluePredictor(exported / "static" / "bundle")


@pytest.fixture(scope="module")
def scorer(tiny, tmp_path_factory) -> GluePredictor:
    """A predictor of STS-B: two texts, one number."""
    folder = tmp_path_factory.mktemp("scores")
    assert call("run_glue", *words(tiny, folder / "model", task_name="sts-b", max_steps=4)).code == 0
    given = export_words(folder / "model", folder, gate_engines=("paddle", "onnxruntime"))
    assert call("export_model", *given).code == 0
    return GluePredictor(folder / "static" / "bundle")


def test_an_answer_is_the_softmax_of_the_models_logits(predictor, exported):
    network = model.load(exported / "dynamic")
    encoding = predictor.tokenizer.encode(TEXT)
    ids = paddle.to_tensor([encoding.ids])
    logits = network(ids, paddle.zeros_like(ids)).numpy()[0]
    answer = predictor.answer(TEXT)
    assert list(answer) == ["text", "label", "confidence"]
    assert answer["label"] == ["0", "1"][logits.argmax()] == "1"
    assert answer["confidence"] == pytest.approx((np.exp(logits) / np.exp(logits).sum()).max(), abs=1e-5)


def test_two_texts_give_a_score(scorer):
    answer = scorer.answer(TEXT, "its cast feels dull")
    assert list(answer) == ["text", "text_pair", "score"] and isinstance(answer["score"], float)
    assert scorer.answer(TEXT, "") == {"text": TEXT, "text_pair": "", "score": None, "reason": "empty"}


def test_batches_change_no_answer(predictor):
    texts = [("a plot so dull , again", None), ("", None), (TEXT, None), ("warm " * 40, None), ("\u200b", None)]
    for (text, _), answer in zip(texts, predictor.answer_stream(texts, 3), strict=True):
        alone = predictor.answer(text)
        assert answer.pop("confidence") == pytest.approx(alone.pop("confidence"), abs=1e-5)
        assert answer == alone
    assert predictor.answer("")["reason"] == "empty" and predictor.answer("warm " * 40)["truncated"] is True


def test_the_number_of_texts_is_the_tasks(predictor, scorer):
    with pytest.raises(UserError, match="SST-2 judges one text at a time"):
        predictor.answer(TEXT, TEXT)
    with pytest.raises(UserError, match="STS-B judges two texts at a time"):
        scorer.answer(TEXT)


def test_lengths(exported):
    folder = exported / "static"
    with pytest.raises(UserError, match=r"--max_length 25: .* made for 24 tokens; give 5 to 24"):
        GluePredictor(find_bundle(folder), max_length=25)
    assert GluePredictor(find_bundle(folder / "bundle"), max_length=5).answer(TEXT)["truncated"] is True


def test_a_bundle_of_another_app_or_with_other_labels_is_refused(exported, tmp_path):
    for name, changes in (("app", {"app": "other"}), ("task", {"task": "aspect_sentiment"})):
        shutil.copytree(exported / "static" / "bundle", tmp_path / name)
        manifest = files.read_json(tmp_path / name / "manifest.json")
        files.write_json(tmp_path / name / "manifest.json", manifest | changes)
        with pytest.raises(UserError, match="not of GLUE"):
            GluePredictor(tmp_path / name)
    files.write_json(tmp_path / "app" / "manifest.json", manifest | {"task": "glue_rte"})
    with pytest.raises(UserError, match="inputs, outputs or labels are not those of RTE; export it again"):
        GluePredictor(tmp_path / "app")
