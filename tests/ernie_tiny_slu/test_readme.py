# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every command of the READMEs is run, in their order and in one folder, with flags added that make it short.

`run_all.sh` and `run_tests.sh` are run as they stand by .ci/run; `benchmark.sh` is run here on a few sentences.
"""

import re
import shutil
from pathlib import Path

import pytest
import served
from readmes import commands, run, scripts_named

REPO = Path(__file__).parents[2]
APP = REPO / "ernie_tiny_slu"
READMES = [REPO / "README.md", REPO / "README.zh-CN.md", APP / "README.md", APP / "README.zh-CN.md"]
BY_CI = {"sh ernie_tiny_slu/run_all.sh", "sh tests/run_tests.sh"}
STEPS = ["--max_steps", "4", "--save_steps", "2", "--eval_steps", "2"]
# A model of four steps decides by a hair; that its decisions stay is tested where the models are trained.
SHORT = [*STEPS, "--min_agreement", "0", "--gate_engines", "paddle", "onnxruntime"]


@pytest.fixture(scope="module")
def fork(tmp_path_factory) -> served.Fork:
    made = served.Fork(APP, tmp_path_factory.mktemp("fork"))
    data = made.app / "data"
    rows = [(data / f"{part}.txt").read_text(encoding="utf-8") for part in ("train", "dev")]
    (data / "corpus.train.txt").write_text("".join(rows), encoding="utf-8")
    return made


def shortened(command: str) -> str:
    if "run_train.py" not in command:
        return command
    small = command.replace("ernie-3.0-tiny-nano-v2-zh", "ernie-3.0-tiny-pico-v2-zh")
    return re.sub(r"--(save|eval|logging)_steps \d+", "", small) + " " + " ".join(SHORT)


def test_both_languages_name_the_same_commands():
    assert commands(READMES[0]) == commands(READMES[1])
    assert commands(READMES[2]) == commands(READMES[3])
    assert set(commands(READMES[0])) >= BY_CI
    assert (REPO / ".ci" / "run").read_text().count("sh tests/run_tests.sh") == 1
    assert "sh ernie_tiny_slu/run_all.sh" in (REPO / ".ci" / "run").read_text()


def test_commands_of_the_app_readme_run_in_their_order(fork):
    for command in commands(APP / "README.md"):
        if command in BY_CI or "benchmark.sh" in command:
            continue
        out = fork.succeeds(shortened(command))
        if "infer_demo" in command:
            assert '"text": "来一首周华健的花心"' in out
        if "run_eval" in command:
            assert "accuracy" in out


def test_scripts_of_the_app_readme_run(fork, tmp_path):
    named = scripts_named(APP / "README.md")
    assert named == {"run_train.sh", "run_compress.sh", "run_eval.sh", "run_demo.sh"}
    trained, compressed = str(tmp_path / "trained"), str(tmp_path / "compressed")
    fork.succeeds(f"sh run_train.sh {' '.join(SHORT)}", OUTPUT=trained)
    fork.succeeds(f"sh run_compress.sh {' '.join(SHORT)}", MODEL=trained, OUTPUT=compressed)
    assert "accuracy" in fork.succeeds("sh run_eval.sh", MODEL=trained, OUTPUT=str(tmp_path / "eval"))
    smallest = f"{compressed}/width_mult_0.75_qat_embeddings"
    assert '"intent"' in fork.succeeds("sh run_demo.sh --text 下一首", MODEL=smallest)


@pytest.mark.slow
@pytest.mark.benchmark
def test_the_benchmark_runs_on_a_few_sentences(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name, part, count in (("train.txt", "train", 300), ("test.txt", "test", 60)):
        lines = (APP / "data" / f"{part}.txt").read_text(encoding="utf-8").splitlines(keepends=True)
        (data / name).write_text("".join(lines[:count]), encoding="utf-8")
    for name in ("intent_label.txt", "slot_label.txt"):
        shutil.copy(APP / "data" / name, data / name)
    flags = " ".join(SHORT)
    short = "--rounds 1 --repeats 1 --latency_sentences 5 --engines paddle onnxruntime"
    where = {"MEASURE": short, "OUTPUT": str(tmp_path / "models"), "RESULTS": str(tmp_path / "results")}
    run(f"sh {APP}/benchmark.sh", tmp_path, DATA_DIR=str(data), FLAGS=flags, **where)
    assert (tmp_path / "results" / "ernie_tiny_slu.json").exists()
