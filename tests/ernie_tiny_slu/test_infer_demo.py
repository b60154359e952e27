# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

import json
import os
import subprocess
import sys
from pathlib import Path

from common.engines import allowed, runtime

import bundle_fixture
import infer_demo
import pytest
from fixture_answers import EMPTY, ROUTE, SONG, without_confidence
from slu.predictor import SluPredictor

REPO = Path(__file__).resolve().parents[2]
DEMO = REPO / "ernie_tiny_slu" / "deploy" / "python" / "infer_demo.py"


@pytest.fixture(scope="module")
def predictor() -> SluPredictor:
    return SluPredictor(bundle_fixture.bundle())


def demo(*words, stdin: bytes = b"", **environment) -> subprocess.CompletedProcess:
    words = [str(word) for word in words]
    if "--model_dir" not in words and "--bundle" not in words:
        words = ["--model_dir", str(bundle_fixture.bundle()), *words]
    environment = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, DEMO, *words], input=stdin, capture_output=True, env=environment, timeout=120
    )


def answers(result: subprocess.CompletedProcess) -> list[dict]:
    assert result.returncode == 0, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.decode("utf-8").splitlines()]


def test_texts_on_the_command_line():
    song, empty = answers(demo("--text", SONG["text"], ""))
    assert without_confidence(song) == SONG
    assert empty == EMPTY


def test_lines_of_a_file(tmp_path):
    lines = tmp_path / "texts.txt"
    lines.write_bytes("\ufeff放一首刘德华的音乐\r\n\r\n导航".encode())
    found = answers(demo("--bundle", bundle_fixture.bundle(), "--input_file", lines, "--batch_size", 2))
    assert [without_confidence(found[0]), found[1], without_confidence(found[2])] == [SONG, EMPTY, ROUTE]


def test_piped_lines_in_any_locale():
    found = answers(demo(stdin="\ufeff导航\n放一首刘德华的音乐\n".encode(), LC_ALL="C", PYTHONUTF8="0"))
    assert [without_confidence(answer) for answer in found] == [ROUTE, SONG]
    assert demo(stdin=b"").stdout == b""


def test_a_typed_line_is_answered_before_the_next():
    command = [sys.executable, DEMO, "--model_dir", bundle_fixture.bundle()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for wanted in (SONG, ROUTE):
            process.stdin.write(wanted["text"].encode() + b"\n")
            process.stdin.flush()
            assert without_confidence(json.loads(process.stdout.readline())) == wanted
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_a_reader_that_leaves_is_no_error():
    command = [sys.executable, DEMO, "--model_dir", bundle_fixture.bundle()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        process.stdin.write("导航\n".encode() * 3)
        process.stdin.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    "flags",
    [
        ("--backend", "openvino"),
        ("--backend", "paddle"),
        ("--backend", "paddle_lite"),
        ("--library", "fastdeploy"),
        ("--library", "fastdeploy", "--backend", "paddle"),
        ("--library", "fastdeploy", "--backend", "openvino"),
    ],
)
def test_every_backend_gives_only_json_on_stdout(flags):
    engine = infer_demo.ENGINES["fastdeploy" if "fastdeploy" in flags else "native"][
        flags[-1] if "--backend" in flags else "onnx_runtime"
    ]
    lack = runtime.available(engine)
    if lack:
        pytest.skip(lack)
    found = answers(demo("--text", SONG["text"], "导航", "--cpu_num_threads", 1, *flags))
    assert [without_confidence(answer) for answer in found] == [SONG, ROUTE]


def test_every_backend_of_the_menu_is_an_engine():
    for table in infer_demo.ENGINES.values():
        assert set(table.values()) <= set(allowed.ENGINES)


NO_GPU = pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="there is a GPU")
REFUSED = [
    (2, "--use_fp16 needs --device gpu, got --device cpu", "--use_fp16"),
    (2, "--library fastdeploy has no paddle_lite", "--library", "fastdeploy", "--backend", "paddle_lite"),
    (2, "--backend tensorrt needs --device gpu", "--backend", "tensorrt"),
    (2, "--backend paddle_tensorrt needs --device gpu", "--backend", "paddle_tensorrt"),
    (2, "exclude each other", "--text", "a", "--input_file", "b"),
    (2, "texts.txt: no such input file", "--input_file", "texts.txt"),
    (2, "--batch_size must be at least 1, got 0", "--batch_size", "0"),
    (2, "--cpu_num_threads must be at least 1, got -1", "--cpu_num_threads", "-1"),
    (2, "--max_length 99", "--max_length", "99"),
    (2, "--decoder crf: this bundle has no transitions", "--decoder", "crf"),
    (2, "paddel", "--backend", "paddel"),
    (2, "unknown flag --bachend (did you mean `--backend`?)", "--bachend", "paddle"),
    (2, "no such bundle folder", "--model_dir", "no_bundle_here"),
    (2, "give the bundle's folder, once", "--model_dir", "a", "--bundle", "b"),
    (2, "openvino does not run on gpu", "--device", "gpu", "--backend", "openvino"),
    (3, "paddle: this Paddle was built without GPU", "--device", "gpu", "--backend", "paddle", "--use_fp16"),
    (3, "built without TensorRT", "--device", "gpu", "--backend", "paddle_tensorrt"),
    (3, "no TensorrtExecutionProvider", "--device", "gpu", "--backend", "tensorrt"),
    (3, "FastDeploy was built without", "--device", "gpu", "--library", "fastdeploy", "--backend", "tensorrt"),
    (3, "without Kunlunxin", "--device", "kunlunxin", "--backend", "paddle"),
]


@NO_GPU
@pytest.mark.parametrize(("code", "said", "flags"), [(code, said, flags) for code, said, *flags in REFUSED])
def test_refusals_are_one_line_with_their_code(code, said, flags):
    refused(demo(*flags, stdin=b"a\n"), code, said)


def refused(result: subprocess.CompletedProcess, code: int, said: str) -> None:
    error = result.stderr.decode()
    assert result.returncode == code, error
    assert said in error and error.startswith("error: ") and error.count("\n") == 1
    assert result.stdout == b""


def test_a_damaged_bundle_is_refused(tmp_path):
    folder = bundle_fixture.copy(tmp_path / "bundle")
    raw = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(raw[:100] + bytes([raw[100] ^ 1]) + raw[101:])
    refused(demo("--bundle", folder, "--text", "a"), 2, "model.onnx: sha256")
    (folder / "model.onnx").write_bytes(raw[:5000])
    refused(demo("--bundle", folder, "--text", "a"), 2, f"5000 bytes, but the manifest says {len(raw)}")


def test_text_that_is_not_utf8(tmp_path):
    lines = tmp_path / "texts.txt"
    lines.write_bytes("导航\n放一首".encode("gb18030"))
    refused(demo("--input_file", lines), 2, "texts.txt:1: byte 0")
    result = demo(stdin="导航\n".encode() + "放".encode("gb18030"))
    assert result.returncode == 2 and b"stdin:2: byte 0 is not UTF-8" in result.stderr
    assert len(result.stdout.splitlines()) == 1, "the line before is answered"
