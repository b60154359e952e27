# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The fixture bundle as stages that can be measured, and runs of bench.measure on them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from common.report.summary import check_summary

import bundle_fixture

REPO = Path(__file__).resolve().parents[2]

APP = REPO / "ernie_tiny_slu"
# How often, query, intent, marked query. The fixture model answers the first four kinds rightly; `德放` only with the
# bio decoder (德 is an I- that no B- precedes); then comes a wrong intent, and a singer that the labels do not have.
LINES = [
    (6, "放一首刘德华的音乐", "music.play", "放一首<singer>刘德华</singer>的音乐"),
    (4, "导航", "navigation.open", "导航"),
    (3, "放花心", "music.play", "放<song>花心</song>"),
    (2, "德放", "music.play", "德放"),
    (3, "导航去", "OTHERS", "导航去"),
    (2, "放刘德华", "music.play", "放刘德华"),
]
PASSED = {"precision": "fp32", "passed": True, "max_abs_diff": 2.5e-6, "agreement": 1.0}
FAILED = {"precision": "fp32", "passed": False, "max_abs_diff": 9.5, "agreement": 0.25}
GATES = {
    "onnxruntime": {"file": "model.onnx", **PASSED},
    "openvino": {"file": "model.onnx", **PASSED, "max_abs_diff": 5e-6},
    "paddle": {"file": "model.pdmodel", **PASSED},
}
# song after O costs more than it gains: with these transitions the three `放花心` come out wrong
AGAINST_SONGS = {"start": [0] * 5, "end": [0] * 5, "pairs": [[0, 0, 0, -100, 0]] + [[0] * 5] * 4}


def make_place(folder: Path) -> Path:
    """Labelled lines and three stages, to measure in."""
    lines = [f"{i}\t{text}\t{intent}\t{marked}" for n, text, intent, marked in LINES for i in range(n)]
    (folder / "test.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "train.txt").write_text(lines[0] + "\n1\t打开\tOTHERS\t打开\n", encoding="utf-8")
    bundle_fixture.copy(folder / "original", engines=GATES)
    failed = {**GATES, "openvino": {"file": "model.onnx", **FAILED}}
    bundle_fixture.copy(folder / "width", stage="width", engines=failed)
    bundle_fixture.copy(folder / "crf", decoder={"default": "crf", "transitions": AGAINST_SONGS})
    return folder


def run(place: Path, *words, **environment) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "bench.measure", *words, "--latency_sentences", "5", "--repeats", "1"]
    command += ["--test_path", "test.txt", "--train_path", "train.txt", "--output", "summary.json"]
    environment = {**os.environ, "PYTHONPATH": str(APP), **environment}
    return subprocess.run(list(map(str, command)), cwd=place, capture_output=True, text=True, env=environment)


def measure_stages(place: Path) -> tuple[dict, str]:
    """The summary, and what was printed; paths relative to another folder than the app's."""
    words = ["--stages", "original=original", "width=width", "--crf_stages", "original=crf", "--rounds", "1"]
    words += ["--engines", "onnxruntime", "openvino", "paddle", "paddlelite", "--seeds", "1", "2", "--command", "sh x"]
    result = run(place, *words, MKL_DEBUG_CPU_TYPE="5")
    assert result.returncode == 0, result.stderr
    return check_summary(json.loads((place / "summary.json").read_text(encoding="utf-8"))), result.stdout
