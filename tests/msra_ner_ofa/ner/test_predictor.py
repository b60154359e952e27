# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""NerPredictor: entities at their places, in texts of any length and of any characters."""

import shutil
from itertools import pairwise

from common import files
from common.bundle import bundle

import numpy as np
import pytest
from calls import call
from ner.predictor import NerPredictor
from tiny_ner import LENGTH, sentences

TEXT = "张三在北京工作。"


@pytest.fixture(scope="module")
def predictor(exported):
    return NerPredictor(exported / "static_model" / "bundle")


def entities(answer: dict) -> list[tuple]:
    for each in answer["entities"]:
        assert answer["text"][each["start"] : each["end"]] == each["text"]
    return [(each["kind"], each["text"], each["start"]) for each in answer["entities"]]


def test_entities_of_a_text(predictor):
    assert entities(predictor.answer(TEXT)) == [("PER", "张三", 0), ("LOC", "北京", 3)]


def test_positions_do_not_move_with_odd_characters(predictor):
    """Spaces, emoji and zero-width characters have a place each, though no model knows them."""
    text = "😀 张三在北京工作。"
    assert [(kind, start) for kind, _, start in entities(predictor.answer(text))][-1] == ("LOC", 5)


def test_full_width_digits_are_read_as_half_width_ones(predictor):
    """Lost digits: the same tags for `１９５６` and `1956`."""
    half, full = (predictor.encoder.ids(text) for text in ("生于1956年。", "生于１９５６年。"))
    assert half == full and len(full) == len("生于１９５６年。")
    assert predictor.answer("王五是铁路局的人，生于１９５６年。")["text"].endswith("１９５６年。")


def test_long_sentences_are_read_to_their_end(predictor):
    """Upstream cuts at --max_seq_length; here entities come from everywhere in a text forty windows long."""
    clause = "".join(each for each, _ in sentences()[0])
    text = clause * 120
    found = entities(predictor.answer(text))
    assert len(text) > 20 * LENGTH
    assert {start // len(clause) for _, _, start in found} == set(range(120))
    alone = entities(predictor.answer(clause))
    right = [(kind, name, start + len(clause) * n) for n in range(120) for kind, name, start in alone]
    assert len(set(found) & set(right)) >= 0.9 * len(right)


def test_windows_and_padding_change_nothing(predictor):
    """Texts of all lengths in one call, and each alone: the same entities."""
    texts = ["".join(each for each, _ in pairs) for pairs in sentences()[::20]] + [TEXT * 9, ""]
    assert predictor.answer_batch(texts, batch_size=3) == [predictor.answer(text) for text in texts]


@pytest.mark.parametrize("text", ["", " \t", "\u200b", "😀😀"])
def test_nothing_to_read_is_answered_as_empty(predictor, text):
    assert predictor.answer(text) == {"text": text, "entities": [], "reason": "empty"}


def test_the_legal_decoder_gives_no_lone_inside_tag(exported):
    """Random logits: argmax breaks the rule, the bundle's own decoder never does."""
    plain, legal = (NerPredictor(exported / "static_model" / "bundle", decoder=name) for name in ("argmax", None))
    logits = np.random.default_rng(0).normal(size=[200, 7]).astype("float32")

    def lone(predictor) -> int:
        tags = [predictor.labels[n] for n in predictor._decoder.decode(logits)]
        return sum(tag[0] == "I" and before[2:] != tag[2:] for before, tag in pairwise(["O", *tags]))

    assert lone(plain) > 20 and lone(legal) == 0


@pytest.mark.parametrize("engine", ["paddle", "openvino"])
def test_other_engines_find_the_same(exported, predictor, engine):
    other = NerPredictor(exported / "static_model" / "bundle", engine=engine)
    texts = ["".join(each for each, _ in pairs) for pairs in sentences()[::20]]
    assert other.answer_batch(texts) == predictor.answer_batch(texts)


def test_a_bundle_of_another_task_is_refused(exported, tmp_path):
    shutil.copytree(exported / "static_model" / "bundle", tmp_path / "bundle")
    manifest = files.read_json(tmp_path / "bundle" / "manifest.json")
    bundle.write_manifest(tmp_path / "bundle", manifest | {"task": "joint_intent_slot"})
    ended = call("predict", "--model_path", tmp_path / "bundle", "--text", "a")
    assert ended.code == 2 and "a bundle of the task `joint_intent_slot`" in ended.err
