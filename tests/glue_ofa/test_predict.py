# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""GluePredictor and predict.py: one text, two texts, scores, files and typed lines."""

import json
import os
import shutil
import subprocess
import sys

import common  # noqa: F401  before paddle
from common import files
from common.cli import UserError

import numpy as np
import paddle
import pytest
from calls import call
from glue import model
from glue.predictor import GluePredictor, find_bundle
from predict import texts_of
from tiny_glue import APP, export_words, words

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


def predict(exported, *given, stdin: bytes = b"", **environment) -> subprocess.CompletedProcess:
    """predict.py in a process of its own, with any locale."""
    command = [sys.executable, APP / "predict.py", "--model_path", exported / "static", *map(str, given)]
    return subprocess.run(command, input=stdin, capture_output=True, env={**os.environ, **environment}, timeout=120)


def answers(result: subprocess.CompletedProcess) -> list[dict]:
    assert result.returncode == 0, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


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
