# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import json
import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

from common.bundle.bundle import read_bundle
from common.cli import UserError
from common.engines import allowed, runtime

import bundle_fixture
import infer_demo
import numpy as np
import pytest
from slu.predictor import SluPredictor

DEMO = REPO / "ernie_tiny_slu" / "deploy" / "python" / "infer_demo.py"
SONG = {
    "text": "放一首刘德华的音乐",
    "intent": "music.play",
    "slots": [{"slot": "singer", "entity": "刘德华", "pos": [3, 5]}],
}
ROUTE = {"text": "导航", "intent": "navigation.open", "slots": []}
EMPTY = {"text": "", "intent": None, "confidence": 0.0, "slots": [], "reason": "empty"}


@pytest.fixture(scope="module")
def predictor() -> SluPredictor:
    return SluPredictor(bundle_fixture.bundle())


def without_confidence(answer: dict) -> dict:
    assert answer["reason"] == "empty" if answer["confidence"] == 0 else 0 < answer["confidence"] <= 1
    return {key: value for key, value in answer.items() if key != "confidence"}


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


# --- SluPredictor ---
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


# --- the script ---
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
