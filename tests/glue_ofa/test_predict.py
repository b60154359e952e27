# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""predict.py: texts on the command line, lines of a file, typed lines, in any locale."""

import json
import os
import subprocess
import sys

import common  # noqa: F401  before paddle
from common.cli import UserError

import pytest
from glue.predictor import GluePredictor
from predict import texts_of
from tiny_glue import APP

TEXT = "the plot is warm ."


@pytest.fixture(scope="module")
def predictor(exported) -> GluePredictor:
    return GluePredictor(exported / "static" / "bundle")


def predict(exported, *given, stdin: bytes = b"", **environment) -> subprocess.CompletedProcess:
    """predict.py in a process of its own, with any locale."""
    command = [sys.executable, APP / "predict.py", "--model_path", exported / "static", *map(str, given)]
    return subprocess.run(command, input=stdin, capture_output=True, env={**os.environ, **environment}, timeout=120)


def answers(result: subprocess.CompletedProcess) -> list[dict]:
    assert result.returncode == 0, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


def test_a_text_on_the_command_line(predictor, exported):
    (answer,) = answers(predict(exported, "--text", TEXT))
    assert answer == predictor.answer(TEXT)


def test_lines_of_a_file(predictor, exported, tmp_path):
    (tmp_path / "texts.txt").write_bytes(f"\ufeff{TEXT}\r\n\r\na cast so dull , again\n".encode())
    found = answers(predict(exported, "--input_file", tmp_path / "texts.txt", "--batch_size", 2))
    assert [answer["text"] for answer in found] == [TEXT, "", "a cast so dull , again"]
    assert [answer["label"] for answer in found] == ["1", None, "0"]


def test_piped_lines_in_any_locale(predictor, exported):
    found = answers(predict(exported, stdin=f"{TEXT}\nthe müsic is dull .\n".encode(), LC_ALL="C", PYTHONUTF8="0"))
    assert found[0] == predictor.answer(TEXT) and found[1]["text"] == "the müsic is dull ."


def test_columns_are_texts():
    assert list(texts_of(["a\tb", "", "c\td\r"], "x", True)) == [("a", "b"), ("", ""), ("c", "d")]
    for line, pairs, said in (
        ("a\tb", False, "expected one text, got 2"),
        ("a", True, "expected two texts with a tab"),
    ):
        with pytest.raises(UserError, match=f"x:1: {said}"):
            list(texts_of([line], "x", pairs))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--text_pair", "a"], "--text_pair needs --text"),
        (["--text", "a", "--input_file", "b"], "--text and --input_file exclude each other"),
        (["--text", "a", "--text_pair", "b"], "SST-2 judges one text at a time"),
        (["--engine", "padle"], "--engine: `padle` (did you mean `paddle`?)"),
        (["--batch_size", "0"], "--batch_size must be at least 1, got 0"),
        (["--input_file", "no.txt"], "no.txt: no such input file"),
        (["--max_seq_length", "25"], "--max_seq_length 25"),
    ],
)
def test_bad_options(exported, given, said):
    done = predict(exported, *given)
    error = done.stderr.decode()
    assert done.returncode == 2 and said in error and error.count("\n") == 1 and done.stdout == b""


def test_neither_paddle_nor_training_is_loaded(exported):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import predict as p; from common import cli; "
        "cli.run(p.main, p.Options, sys.argv[2:]); "
        "print(*{'paddle', 'paddlenlp', 'openvino', 'fastdeploy', 'sklearn'} & set(sys.modules))"
    )
    given = ["--model_path", exported / "static", "--text", TEXT]
    done = subprocess.run([sys.executable, "-c", script, APP, *given], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "", done.stderr
