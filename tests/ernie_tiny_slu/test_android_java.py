# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The JUnit tests of deploy/android, with every file they ask for, on its classes and on those of the app's dex."""

import copy
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.bundle.checks import check_labels, check_manifest
from common.cli import UserError

import android_tools
import pytest
from android_tools import ANDROID, REPO, apk, junit, need

TEXTS = [
    "放一首刘德华的音乐",
    "导航",
    "",
    "  ",
    "拨打13800",
    "放一首刘德华的音乐" * 3,
    "😀刘德华，花心",
    "Hello 花 World",
]
ODD = [
    None, True, False, 0, 1, -1, 2, 16, 1.0, 0.5, 1 << 40, (1 << 40) + 1, 10**30, "", " ", "\u3000", "\x1f", "x",
    "int8", "a/b", "\ud800", "no\nline", [], [1], [[0.5]], ["O"], {}, {"a": 1}, float("nan"), float("inf"),
]  # fmt: skip


# --- files that the tests ask for ---
@pytest.fixture(scope="module")
def given(tmp_path_factory) -> dict[str, Path | str]:
    folder = tmp_path_factory.mktemp("given")
    make = [sys.executable, REPO / "tests" / "golden" / "make_answers.py", "--output", folder / "answers.jsonl"]
    subprocess.run(make, check=True, capture_output=True)
    write_lines(folder / "verdicts.jsonl", verdicts())
    bundle = android_tools.fixture_bundle()
    write_lines(folder / "expected.jsonl", expected(bundle))
    lite = {"bundle": bundle, "python": sys.executable, "child": ANDROID / "stubs" / "lite_child.py"}
    return {name: folder / f"{name}.jsonl" for name in ("answers", "verdicts", "expected")} | lite


def write_lines(path: Path, lines: Iterator[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def expected(bundle: Path) -> Iterator[dict[str, Any]]:
    """Python's logits by ONNX Runtime, and the answers of its own Paddle Lite, which pads as the phone does."""
    import numpy as np
    from slu.predictor import SluPredictor

    with open(REPO / "tests" / "golden" / "tokenizer.jsonl", encoding="utf-8") as stream:
        texts = TEXTS + [json.loads(line)["text"] for line in list(stream)[40:340:6]]
    other, lite = SluPredictor(bundle), SluPredictor(bundle, engine="paddlelite")
    for text in texts:
        ids = other.tokenizer.encode(text, other.max_length).ids
        logits = other._predictor.run(np.array([ids], np.int32))
        yield {
            "text": text,
            "ids": ids,
            **{name: array.ravel().tolist() for name, array in logits.items()},
            "answer": json.dumps(lite.answer(text), ensure_ascii=False),
        }


# --- what Python's reader says of a manifest and labels with one value changed ---
def manifest() -> dict[str, Any]:
    import bundle_fixture

    made = bundle_fixture.manifest(40)
    pairs = [[0.5] * 5 for _ in range(5)]
    made["decoder"] = {"default": "crf", "transitions": {"start": [0.0] * 5, "end": [1] * 5, "pairs": pairs}}
    made["files"] = {name: {"bytes": 7, "sha256": "0" * 64} for name in ("vocab.txt", "labels.json", "model.x86.nb")}
    made["engines"] = {
        "paddlelite": {
            "file": "model.x86.nb",
            "precision": "fp32",
            "passed": True,
            "max_abs_diff": 1e-6,
            "agreement": 1,
        }
    }
    made["metrics"], made["int8_ops"] = {"loss": float("nan")}, ["matmul"]
    return made


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value but the whole, two entries of each list."""
    members = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, inside in members:
        yield (*path, key)
        yield from places(inside, (*path, key))


def changed(whole: Any, path: tuple, value: Any = None, remove: bool = False) -> Any:
    whole = copy.deepcopy(whole)
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    if remove:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return whole


def verdicts() -> Iterator[dict[str, Any]]:
    import bundle_fixture

    good, labels = manifest(), {"intent": bundle_fixture.INTENTS, "slot": bundle_fixture.SLOTS}
    yield verdict("nothing", good, labels)
    for value in ODD:
        yield verdict(f"manifest = {value!r}", value, labels)
        yield verdict(f"labels = {value!r}", good, value)
    for path in places(good):
        yield verdict(f"manifest without {path}", changed(good, path, remove=True), labels)
        for value in ODD:
            yield verdict(f"{path} = {value!r}", changed(good, path, value), labels)
    for path in places(labels):
        yield verdict(f"labels without {path}", good, changed(labels, path, remove=True))
        for value in ODD:
            yield verdict(f"labels{path} = {value!r}", good, changed(labels, path, value))


def verdict(change: str, manifest: Any, labels: Any) -> dict[str, Any]:
    fault = None
    try:
        check_manifest(manifest, "manifest.json")
        check_labels(labels, manifest, "labels.json")
    except UserError as refusal:
        fault = str(refusal)
    texts = {"manifest": json.dumps(manifest), "labels": json.dumps(labels)}
    return {"change": ascii(change), "fault": fault and ascii(fault), **texts}


# --- the tests ---
def test_on_the_compiled_classes(given, tmp_path):
    said = junit(tmp_path, given=given)
    assert int(re.search(r"OK \((\d+) tests\)", said)[1]) >= 37
    assert float(re.search(r"largest difference of \d+ sentences: (\S+)", said)[1]) < 1e-4


def test_on_the_classes_of_the_dex(given, tmp_path):
    """The .dex of the app, turned back into a jar: what dx made of our code still does the same."""
    enjarify = need("enjarify", "enjarify")
    app = apk(tmp_path)
    system = {**os.environ, "PATH": "/usr/bin:/bin"}  # it is a module of Debian's own Python
    subprocess.run([enjarify, "-o", tmp_path / "dex.jar", app], env=system, check=True, capture_output=True)
    with zipfile.ZipFile(tmp_path / "dex.jar") as jar:
        names = jar.namelist()
    assert "ernie/slu/core/SluPredictor.class" in names and "ernie/slu/app/PaddleLiteRunner.class" in names
    assert not [name for name in names if name.startswith("com/baidu")], "our stubs are packed into the app"
    said = junit(tmp_path / "tests", given=given, CLASSES=tmp_path / "dex.jar")
    assert int(re.search(r"OK \((\d+) tests\)", said)[1]) >= 37


@pytest.mark.parametrize("name", ["answers", "verdicts", "expected"])
def test_a_wrong_line_fails(given, name, tmp_path):
    """One line of each file made wrong: the JUnit test that reads it notices."""
    lines = [json.loads(line) for line in Path(given[name]).read_text(encoding="utf-8").splitlines()][:60]
    if name == "answers":
        lines[7]["offsets"][0] = [1, 1]
    elif name == "verdicts":
        lines[0]["fault"] = "refused"
    else:
        lines[3]["slot_logits"][0] += 2e-4
    write_lines(tmp_path / "wrong.jsonl", lines)
    flags = {**given, name: tmp_path / "wrong.jsonl", "answers_count": "59"}
    said = " ".join(f"-Dslu.{key}={value}" for key, value in flags.items())
    classes = {"answers": "GoldenTest", "verdicts": "BundleTest", "expected": "EndToEndTest"}
    done = android_tools.script("run_tests.sh", classes[name], BUILD=tmp_path / "build", JAVA_FLAGS=said)
    assert done.returncode == 1 and "Failures: 1" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]


def test_a_machine_without_junit_is_told_so(tmp_path):
    words = ["sh", str(ANDROID / "run_tests.sh")]
    done = subprocess.run(words, env={**os.environ, "JUNIT": "/none/junit.jar"}, capture_output=True, text=True)
    need("javac", "default-jdk-headless")
    assert done.returncode == 3 and "no JUnit 4 at /none/junit.jar; on Debian and Ubuntu: apt install" in done.stderr
