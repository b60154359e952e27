# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""predict.py and the predictor: entities at their places, in texts of any length and of any characters."""

import contextlib
import io
import json
import shutil
import sys
from itertools import pairwise

from common import cli, files
from common.bundle import bundle

import numpy as np
import predict as predict_script
import pytest
from calls import call
from ner.predictor import NerPredictor
from tiny_ner import LENGTH, sentences

TEXT = "张三在北京工作。"


@pytest.fixture(scope="module")
def predictor(exported):
    return NerPredictor(exported / "static_model" / "bundle")


def predict(exported, *words):
    return call("predict", "--model_path", exported / "static_model", *words)


def printed(exported, *words) -> list[dict]:
    """What predict.py prints, read as JSON."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")  # what is printed must not ask the locale
    options = cli.parse(predict_script.Options, ["--model_path", str(exported), *map(str, words)])
    with contextlib.redirect_stdout(out):
        predict_script.main(options)
    return [json.loads(line) for line in out.buffer.getvalue().decode().splitlines()]


def test_a_text_is_answered_with_kind_text_and_place(exported):
    (answer,) = printed(exported / "static_model", "--text", TEXT)
    person = {"kind": "PER", "text": "张三", "start": 0, "end": 2}
    assert answer == {"text": TEXT, "entities": [person, {"kind": "LOC", "text": "北京", "start": 3, "end": 5}]}


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


def test_a_file_is_answered_line_by_line(exported, tmp_path):
    files.write_text(tmp_path / "texts.txt", f"{TEXT}\r\n\n今天下雨\n")
    answers = printed(exported / "static_model_int8" / "bundle", "--input_file", tmp_path / "texts.txt")
    assert [answer["text"] for answer in answers] == [TEXT, "", "今天下雨"]
    assert answers[1]["reason"] == "empty" and entities(answers[0])


def test_typed_lines_are_answered_one_by_one(exported, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"\ufeff{TEXT}\n今天".encode())))
    answers = printed(exported / "static_model", "--batch_size", 1)
    assert [answer["text"] for answer in answers] == [TEXT, "今天"]


def test_typed_bytes_that_are_not_utf8_are_named(exported, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\xff\n")))
    with pytest.raises(cli.UserError, match="stdin:2: byte 0 is not UTF-8"):
        printed(exported / "static_model")


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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--text", "a", "--input_file", "b"], "--text and --input_file exclude each other"),
        (["--engine", "onnx"], "--engine `onnx` (did you mean `onnxruntime`?)"),
        (["--decoder", "crf"], "--decoder must be one of argmax, bio, got crf"),
        (["--batch_size", "0"], "--batch_size must be at least 1"),
        (["--max_seq_length", "25", "--text", "a"], "was made for 24 tokens; give less"),
        (["--max_seq_length", "7", "--text", "a"], "--max_seq_length must be at least 8, got 7"),
        (["--input_file", "nowhere.txt"], "nowhere.txt: no such input file"),
    ],
)
def test_bad_options(exported, words, message):
    ended = predict(exported, *words)
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1


def test_a_bundle_of_another_task_is_refused(exported, tmp_path):
    shutil.copytree(exported / "static_model" / "bundle", tmp_path / "bundle")
    manifest = files.read_json(tmp_path / "bundle" / "manifest.json")
    bundle.write_manifest(tmp_path / "bundle", manifest | {"task": "joint_intent_slot"})
    ended = call("predict", "--model_path", tmp_path / "bundle", "--text", "a")
    assert ended.code == 2 and "a bundle of the task `joint_intent_slot`" in ended.err
