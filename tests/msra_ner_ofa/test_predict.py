# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""predict.py: a text on the command line, lines of a file, typed lines."""

import contextlib
import io
import json
import sys

from common import cli, files

import pytest
from calls import call
from predict import Options, main

TEXT = "张三在北京工作。"


def predict(exported, *words):
    return call("predict", "--model_path", exported / "static_model", *words)


def printed(exported, *words) -> list[dict]:
    """What predict.py prints, read as JSON."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")  # what is printed must not ask the locale
    options = cli.parse(Options, ["--model_path", str(exported), *map(str, words)])
    with contextlib.redirect_stdout(out):
        main(options)
    return [json.loads(line) for line in out.buffer.getvalue().decode().splitlines()]


def test_a_text_is_answered_with_kind_text_and_place(exported):
    (answer,) = printed(exported / "static_model", "--text", TEXT)
    person = {"kind": "PER", "text": "张三", "start": 0, "end": 2}
    assert answer == {"text": TEXT, "entities": [person, {"kind": "LOC", "text": "北京", "start": 3, "end": 5}]}


def entities(answer: dict) -> list[tuple]:
    for each in answer["entities"]:
        assert answer["text"][each["start"] : each["end"]] == each["text"]
    return [(each["kind"], each["text"], each["start"]) for each in answer["entities"]]


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
