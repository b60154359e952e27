# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""deploy/cpp: every command of its README, its CTests, and its answers beside the Python client's on OpenVINO.

Building takes a minute or two, so all of this is one file with one build. Skipped, with the reason, where a tool lacks.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

from common.engines import runtime

import bundle_fixture
import pytest
from readmes import commands
from slu.predictor import SluPredictor

CPP = REPO / "ernie_tiny_slu" / "deploy" / "cpp"
READMES = [CPP / "README.md", CPP / "README.zh-CN.md"]
TEXTS = [
    "放一首刘德华的音乐", "导航", "", "   ", "  😀\u200b 刘 德华,花心", "放一首刘德华的音乐" + "的" * 9,
    "a\tb\x7f\"\\/", "13800", "犇", "心心心", "Taylor的花心", "ＡＢＣ１２０", "e\u0301 한국어 豈",
]  # fmt: skip

pytestmark = pytest.mark.slow


def lack() -> str | None:
    missing = [tool for tool in ("cmake", "c++", "make") if not shutil.which(tool)]
    return f"no {', '.join(missing)} (apt install cmake g++ make)" if missing else runtime.available("openvino")


def shell(command: str, model: Path, build: Path, **environment: str) -> subprocess.CompletedProcess:
    """A command of the README, with another folder to build in and another model."""
    command = re.sub(r"(?<![\w/])build/", f"{build}/", command)
    environment = {**os.environ, "BUILD": str(build), "MODEL": str(model), "TMPDIR": "/tmp", **environment}
    return subprocess.run(["sh", "-c", command], cwd=CPP, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A folder as run_train.py leaves it: the bundle is in `bundle`."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "bundle").symlink_to(bundle_fixture.bundle())
    return folder


@pytest.fixture(scope="module")
def build(model, tmp_path_factory) -> Path:
    """The folder of the README's first command, run as it stands there."""
    if reason := lack():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("cpp") / "build"
    first = commands(READMES[0])[0]
    assert first == "sh run_build.sh"
    done = shell(f"{first} -DSLU_WERROR=ON", model, folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "100% tests passed" in done.stdout and "Skipped" not in done.stdout, done.stdout[-3000:]
    return folder


@pytest.fixture(scope="module")
def demo(build):
    def run(*words, stdin: bytes = b"", **environment) -> subprocess.CompletedProcess:
        flags = [] if "--bundle" in words else ["--bundle", bundle_fixture.bundle()]
        command = [str(word) for word in (build / "infer_demo", *flags, *words)]
        return subprocess.run(command, input=stdin, capture_output=True, env={**os.environ, **environment}, timeout=300)

    return run


def answers(result: subprocess.CompletedProcess) -> list[dict]:
    assert result.returncode == 0, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.decode("utf-8").splitlines()]


def same_but_rounding(found: list[dict], wanted: list[dict]) -> None:
    """Everything equal; the confidence within 2e-6, two of its last digits."""
    assert [{**each, "confidence": None} for each in found] == [{**each, "confidence": None} for each in wanted]
    assert [each["confidence"] for each in found] == pytest.approx([each["confidence"] for each in wanted], abs=2e-6)


def refused(result: subprocess.CompletedProcess, code: int, said: str) -> None:
    error = result.stderr.decode()
    assert result.returncode == code, error
    assert said in error and error.startswith("error: ") and error.count("\n") == 1


# --- the README ---
def test_both_languages_name_the_same_commands():
    assert commands(READMES[0]) == commands(READMES[1])


def test_commands_of_the_readme_run(build, model):
    said = []
    for command in commands(READMES[0])[1:]:
        if "fastdeploy" in command.lower() or "SANITIZE" in command:
            continue  # no SDK here; the sanitizers have a test of their own
        done = shell(command, model, build)
        assert done.returncode == 0, f"{command}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        said.append(done.stdout)
    assert any('"text": "来一首周华健的花心"' in out for out in said)
    times = json.loads(next(out for out in said if "peak_rss_mb" in out))
    assert times["end_to_end_ms"]["p95"] >= times["end_to_end_ms"]["p50"] > 0
    assert times["latency_ms"]["calls"] <= times["end_to_end_ms"]["calls"] and 10 < times["peak_rss_mb"] < 1000


def test_the_build_with_sanitizers_passes(build, model, tmp_path):
    """CTests with AddressSanitizer and UBSan: all of our code but the lines that call OpenVINO."""
    command = next(command for command in commands(READMES[0]) if "SANITIZE" in command)
    done = shell(re.sub(r"^BUILD=\S+ ", "", command), model, tmp_path / "sanitized")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "100% tests passed" in done.stdout, done.stdout[-3000:]


# --- beside the Python client ---
@pytest.mark.parametrize("batch_size", [1, 3])
def test_answers_are_the_python_clients(demo, tmp_path, batch_size):
    lines = tmp_path / "texts.txt"
    lines.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    found = answers(demo("--input_file", lines, "--batch_size", batch_size))
    same_but_rounding(found, SluPredictor(bundle_fixture.bundle(), engine="openvino").answer_all(TEXTS, batch_size))


def test_answers_of_a_trained_model_and_of_its_int8(demo, trained, chain, tiny):
    import tiny_app

    texts = [tiny_app.plain(marked) for _, marked in tiny_app.marked_lines()]
    for bundle in (trained / "bundle", chain / "width_mult_0.75_qat_embeddings" / "bundle"):
        found = answers(demo("--bundle", bundle, stdin="\n".join(texts).encode()))
        same_but_rounding(found, SluPredictor(bundle, engine="openvino").answer_all(texts))


def test_decoder_and_length_of_the_flags(demo):
    text = TEXTS[0]
    for flags, given in ((["--max_length", 6], {"max_length": 6}), (["--decoder", "argmax"], {"decoder": "argmax"})):
        wanted = SluPredictor(bundle_fixture.bundle(), engine="openvino", **given).answer(text)
        same_but_rounding(answers(demo(*flags, "--text", text)), [wanted])


# --- the program ---
def test_piped_lines_in_any_locale(demo):
    found = answers(demo(stdin="\ufeff导航\r\n\n心".encode(), LC_ALL="C"))
    assert [answer["text"] for answer in found] == ["导航", "", "心"]
    assert demo(stdin=b"").stdout == b""


def test_a_typed_line_is_answered_before_the_next(build):
    command = [build / "infer_demo", "--bundle", bundle_fixture.bundle()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for text in ("导航", "花心"):
            process.stdin.write(text.encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_a_reader_that_leaves_is_no_error(build):
    command = [build / "infer_demo", "--bundle", bundle_fixture.bundle()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        process.stdin.write("导航\n".encode() * 3)
        process.stdin.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""


def test_text_that_is_not_utf8(demo, tmp_path):
    lines = tmp_path / "texts.txt"
    lines.write_bytes("导航\n放一首".encode("gb18030"))
    refused(demo("--input_file", lines), 2, "texts.txt:1: byte 0")
    result = demo(stdin="导航\n".encode() + "放".encode("gb18030"))
    refused(result, 2, "stdin:2: byte 0 is not UTF-8")
    assert len(result.stdout.splitlines()) == 1, "the line before is answered"


def test_a_damaged_bundle_is_refused(demo, tmp_path):
    folder = bundle_fixture.copy(tmp_path / "bundle")
    raw = (folder / "model.pdiparams").read_bytes()
    (folder / "model.pdiparams").write_bytes(raw[:100] + bytes([raw[100] ^ 1]) + raw[101:])
    refused(demo("--bundle", folder, "--text", "a"), 2, "model.pdiparams: sha256")
    (folder / "model.pdiparams").write_bytes(raw[:5000])
    refused(demo("--bundle", folder, "--text", "a"), 2, f"5000 bytes, but the manifest says {len(raw)}")


def test_a_model_that_differs_from_its_manifest_is_refused(demo, tmp_path):
    """The sums are right, but the engine finds another type, another width or no model at all."""
    folder = bundle_fixture.copy(tmp_path / "bundle")
    inputs = [{"name": "input_ids", "shape": [-1, -1], "dtype": "int64"}]
    bundle_fixture.reseal(folder, inputs=inputs)
    refused(demo("--bundle", folder, "--text", "a"), 2, "`input_ids` is i32, but the manifest says i64")
    bundle_fixture.reseal(folder, inputs=[{**inputs[0], "name": "ids", "dtype": "int32"}])
    refused(demo("--bundle", folder, "--text", "a"), 2, "the manifest says `ids`")
    (folder / "model.pdmodel").write_bytes(b"not a model")
    bundle_fixture.reseal(folder)
    refused(demo("--bundle", folder, "--text", "a"), 2, "openvino cannot open it")


@pytest.mark.parametrize(
    ("code", "said", "flags"),
    [
        (2, "unknown flag --bachend (did you mean `--backend`?)", ["--bachend", "paddle"]),
        (2, "no such bundle folder", ["--bundle", "no_bundle_here"]),
        (2, "--max_length 99: the bundle", ["--max_length", "99"]),
        (2, "this bundle has no transitions", ["--decoder", "crf"]),
        (2, "--library native has no paddle", ["--backend", "paddle"]),
        (3, "built without FastDeploy", ["--library", "fastdeploy", "--backend", "paddle"]),
    ],
)
def test_refusals_are_one_line_with_their_code(demo, code, said, flags):
    refused(demo(*flags, stdin=b"a\n"), code, said)
