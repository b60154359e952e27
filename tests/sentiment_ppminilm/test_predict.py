# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""AspectPredictor and predict.py: answers of one pair, of files and of typed lines."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from common.cli import UserError
from common.engines import runtime

import pytest
import tiny_bundle
from aspect.predictor import AspectPredictor
from predict import pairs_of
from tiny_aspects import APP

PAIR = ("服务很好", "老板服务很好，菜也好吃")
EMPTY = {"text": "", "aspect": "", "label": None, "confidence": 0.0, "reason": "empty"}


@pytest.fixture(scope="module")
def predictor() -> AspectPredictor:
    return AspectPredictor(tiny_bundle.folder() / "bundle")


def predict(*words, stdin: bytes = b"", model: Path | None = None, **environment) -> subprocess.CompletedProcess:
    """predict.py in a process of its own, with any locale."""
    words = ["--model_path", model or tiny_bundle.folder() / "infer", *words]
    return subprocess.run(
        [sys.executable, APP / "predict.py", *map(str, words)],
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=120,
    )


def answers(result: subprocess.CompletedProcess) -> list[dict]:
    assert result.returncode == 0, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.decode("utf-8").splitlines()]


def refused(result: subprocess.CompletedProcess, code: int, said: str) -> None:
    error = result.stderr.decode()
    assert result.returncode == code, error
    assert said in error and error.startswith("error: ") and error.count("\n") == 1
    assert result.stdout == b""


# --- AspectPredictor


# --- the script
def test_a_pair_on_the_command_line(predictor):
    (answer,) = answers(predict("--aspect", PAIR[0], "--text", PAIR[1]))
    assert answer == predictor.answer(*PAIR)
    assert answers(predict("--aspect", "", "--text", "")) == [EMPTY]


@pytest.mark.parametrize("label", ["", "1\t"])
def test_lines_of_a_file_with_or_without_a_label(predictor, label, tmp_path):
    lines = tmp_path / "pairs.txt"
    pairs = [PAIR, ("", ""), ("环境", "安静"), ("", "很好")]
    rows = [f"{label}{aspect}\t{text}" if aspect or text else "" for aspect, text in pairs]
    lines.write_bytes(("\ufeff" + "\r\n".join(rows)).encode())
    found = answers(predict("--input_file", lines, "--batch_size", 2, "--threads", 2))
    assert [(answer["aspect"], answer["text"]) for answer in found] == pairs
    assert [answer["label"] for answer in found] == [predictor.answer(*pair)["label"] for pair in pairs]
    assert [answer.get("reason") for answer in found] == [None, "empty", None, "empty"]


def test_piped_lines_in_any_locale(predictor):
    piped = "\ufeff服务很好\t老板服务很好，菜也好吃\n价格\t贵\n".encode()
    found = answers(predict(stdin=piped, LC_ALL="C", PYTHONUTF8="0"))
    assert found[0] == predictor.answer(*PAIR) and len(found) == 2
    assert predict(stdin=b"").stdout == b""


def test_a_typed_line_is_answered_before_the_next():
    command = [sys.executable, APP / "predict.py", "--model_path", tiny_bundle.folder() / "bundle"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for aspect, text in (PAIR, ("环境", "安静")):
            process.stdin.write(f"{aspect}\t{text}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_a_reader_that_leaves_is_no_error():
    command = [sys.executable, APP / "predict.py", "--model_path", tiny_bundle.folder() / "bundle"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        process.stdin.write("服务\t很好\n".encode() * 3)
        process.stdin.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize("engine", ["paddle", "openvino", "fastdeploy_onnxruntime"])
def test_every_engine_gives_only_json_on_stdout(predictor, engine):
    lack = runtime.available(engine)
    if lack:
        pytest.skip(lack)
    (answer,) = answers(predict("--aspect", PAIR[0], "--text", PAIR[1], "--engine", engine))
    wanted = predictor.answer(*PAIR)
    assert answer.pop("confidence") == pytest.approx(wanted.pop("confidence"), abs=1e-4)
    assert answer == wanted


def test_an_int8_bundle_answers():
    (answer,) = answers(
        predict("--aspect", "价格便宜", "--text", "价格便宜", model=tiny_bundle.folder(int8=True) / "infer")
    )
    assert answer["label"] in ("0", "1") and answer["confidence"] > 0.5


def test_neither_paddle_nor_training_is_loaded():
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import predict as p; from common import cli; "
        "cli.run(p.main, p.Options, sys.argv[2:]); "
        "print(*{'paddle', 'paddlenlp', 'openvino', 'fastdeploy', 'sklearn'} & set(sys.modules))"
    )
    words = ["--model_path", tiny_bundle.folder() / "infer", "--aspect", "服务", "--text", "很好"]
    ended = subprocess.run([sys.executable, "-c", script, APP, *words], capture_output=True, text=True)
    assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "", ended.stderr


REFUSED = [
    (2, "--aspect needs --text; give both", "--aspect", "服务"),
    (2, "--text needs --aspect; give both", "--text", "很好"),
    (2, "exclude each other", "--aspect", "a", "--text", "a", "--input_file", "b"),
    (2, "no.txt: no such input file", "--input_file", "no.txt"),
    (2, "--batch_size must be at least 1, got 0", "--batch_size", "0"),
    (2, "--threads must be at least 1, got -1", "--threads", "-1"),
    (2, "--max_seq_len 257", "--max_seq_len", "257"),
    (2, "--engine `padle` (did you mean `paddle`?)", "--engine", "padle"),
    (2, "unknown device `cuda`", "--device", "cuda"),
    (2, "unknown flag --engin (did you mean `--engine`?)", "--engin", "paddle"),
    (2, "openvino does not run on gpu", "--device", "gpu", "--engine", "openvino"),
]


@pytest.mark.parametrize(("code", "said", "flags"), [(code, said, flags) for code, said, *flags in REFUSED])
def test_refusals_are_one_line_with_their_code(code, said, flags):
    refused(predict(*flags, stdin="服务\t很好\n".encode()), code, said)


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="there is a GPU")
def test_a_gpu_that_is_not_there(tmp_path):
    refused(predict("--device", "gpu", "--engine", "paddle", stdin=b"a\tb\n"), 3, "this Paddle was built without GPU")


def test_models_that_are_refused(tmp_path):
    words = ["--aspect", "服务", "--text", "很好"]
    other = tiny_bundle.copy(tmp_path / "other", task="token_classification")
    refused(predict(*words, model=other / "infer"), 2, "`token_classification`, but `aspect_sentiment` was asked for")
    refused(predict(*words, model=other / "bundle"), 2, "`token_classification`, but `aspect_sentiment` was asked for")
    refused(predict(*words, model=tmp_path / "none"), 2, "none.pdmodel: no such static model (--model_path)")
    damaged = tiny_bundle.copy(tmp_path / "damaged")
    raw = (damaged / "bundle" / "model.onnx").read_bytes()
    (damaged / "bundle" / "model.onnx").write_bytes(raw[:-100])
    refused(predict(*words, model=damaged / "infer"), 2, f"{len(raw) - 100} bytes, but the manifest says {len(raw)}")
    bare = tmp_path / "bare"
    bare.mkdir()
    for ending in ("pdmodel", "pdiparams"):
        shutil.copy(tiny_bundle.folder() / f"infer.{ending}", bare / f"infer.{ending}")
    refused(predict(*words, model=bare / "infer"), 2, "by export_model.py or quant_post.py")


def test_lines_with_wrong_columns():
    for lines, said in (
        (["服务"], "x:1: expected 2 tab-separated fields (aspect, text) or 3, got 1"),
        (["a\tb", "", "1\ta\tb"], "x:3: expected 2 tab-separated fields as above, got 3"),
        (["a\tb\tc\td"], "x:1: expected 2 tab-separated fields (aspect, text) or 3, got 4"),
    ):
        with pytest.raises(UserError) as caught:
            list(pairs_of(lines, "x"))
        assert said in str(caught.value)
    assert list(pairs_of(["", "1\ta\tb", "0\t\t"], "x")) == [("", ""), ("a", "b"), ("", "")]


def test_a_bad_file_answers_nothing_and_a_bad_typed_line_what_was_before(tmp_path):
    lines = tmp_path / "pairs.txt"
    lines.write_text("服务\t很好\n很好\n", encoding="utf-8")
    refused(predict("--input_file", lines), 2, f"{lines}:2: expected 2 tab-separated fields")
    lines.write_bytes("服务\t很好\n".encode("gb18030"))
    refused(predict("--input_file", lines), 2, "pairs.txt:1: byte 0")
    result = predict(stdin="服务\t很好\n".encode() + "放".encode("gb18030"))
    assert result.returncode == 2 and b"stdin:2: byte 0 is not UTF-8" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_the_shell_script(predictor):
    environment = {**os.environ, "MODEL": str(tiny_bundle.folder() / "bundle")}
    command = ["sh", str(APP / "run_predict.sh"), "--aspect", PAIR[0], "--text", PAIR[1]]
    assert answers(subprocess.run(command, capture_output=True, env=environment)) == [predictor.answer(*PAIR)]
