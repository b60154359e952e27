# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""deploy/benchmark.sh on a small model and few sentences, and what bench/clients.py refuses."""

import shutil
from pathlib import Path

from common import files

import pytest
from calls import call
from readmes import commands, run
from tiny_app import APP

TOOLS = shutil.which("cmake") and shutil.which("c++")
README = APP / "deploy" / "README.md"


def test_both_languages_name_the_same_commands():
    assert commands(README) == commands(APP / "deploy" / "README.zh-CN.md")
    assert commands(README) == ["DATA_DIR=../shared/data/nlpcc2018_slu sh ernie_tiny_slu/deploy/benchmark.sh"]


@pytest.mark.slow
@pytest.mark.benchmark
@pytest.mark.skipif(not TOOLS, reason="no cmake or no C++ compiler")
def test_the_benchmark_runs_on_a_few_sentences(tmp_path):
    small = {
        "MODEL": "ernie-3.0-tiny-pico-v2-zh",
        "MODELS": "none",
        "FLAGS": "--max_steps 1 --save_steps 1 --gate_engines paddle onnxruntime openvino",
        "MEASURE": "--rounds 1 --repeats 1 --latency_sentences 20",
    }
    where = {"DATA_DIR": str(APP / "data"), "OUTPUT": str(tmp_path / "models"), "RESULTS": str(tmp_path)}
    run(f"sh {APP}/deploy/benchmark.sh", tmp_path, **small, **where)
    summary = files.read_json(tmp_path / "ernie_tiny_slu_clients.json")
    assert [stage["same_answers"] for stage in summary["stages"]] == [20] * 5
    rows = summary["tables"]["clients"]["rows"]
    assert [row[1] for row in rows[:3]] == ["openvino, C++", "openvino, Python", "onnxruntime, Python"]
    assert all(engine["peak_rss_mb"] > 0 for stage in summary["stages"] for engine in stage["engines"])


def test_a_program_that_is_not_built_is_named(tmp_path: Path):
    ended = call("bench.clients", "--stages", "original=x", "--program", tmp_path)
    assert ended.code == 2 and "no slu_benchmark in it; build it by deploy/cpp/run_build.sh" in ended.err
