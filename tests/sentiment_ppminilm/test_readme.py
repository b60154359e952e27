# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every command of the app's READMEs is run, in their order and in one folder, with flags added that make it short.

`run_all.sh` is run as it stands by .ci/run; `benchmark.sh` is run here on a few rows.
"""

from pathlib import Path

import pytest
import served
from readmes import commands, run, shortened

REPO = Path(__file__).parents[2]
APP = REPO / "sentiment_ppminilm"
BY_CI = "sh sentiment_ppminilm/run_all.sh"
STEPS = "--max_steps 4 --eval_steps 2"
# A model of four steps decides by a hair; that its decisions stay is tested where the models are trained.
QUANT = "--min_agreement 0 --gate_engines paddle onnxruntime"
SHORT = {
    "run_train.sh": STEPS,
    "run_export_model.sh": "--gate_engines paddle onnxruntime",
    "train.py": STEPS,
    "run_prune.sh": f"{STEPS} --importance_batches 1",
    "run_quant.sh": QUANT,
    "quant_post.py": QUANT,
}


@pytest.fixture(scope="module")
def fork(tmp_path_factory) -> served.Fork:
    return served.Fork(APP, tmp_path_factory.mktemp("fork"))


def test_both_languages_name_the_same_commands():
    assert commands(APP / "README.md") == commands(APP / "README.zh-CN.md")
    assert BY_CI in (REPO / ".ci" / "run").read_text()


@pytest.mark.slow
def test_commands_of_the_readme_run_in_their_order(fork):
    printed = {}
    for command in commands(APP / "README.md"):
        if command != BY_CI and "benchmark.sh" not in command:
            printed[command] = fork.succeeds(shortened(command, SHORT))
    assert any('"label"' in out for command, out in printed.items() if "predict.py" in command)
    assert any("f1: " in out for command, out in printed.items() if "--eval" in command)
    assert any("per batch: p50" in out for command, out in printed.items() if "--num_epochs 10" in command)


@pytest.mark.slow
@pytest.mark.benchmark
def test_the_benchmark_runs_on_a_few_rows(tmp_path):
    """With a smaller architecture and without the large reference, whose times are its only use."""
    rows = {"ROWS": "60", "DEV_ROWS": "20", "TEST_ROWS": "20"}
    flags = "--max_steps 2 --eval_steps 2"
    small = {"FLAGS": flags, "ARCHITECTURE": "--num_hidden_layers 1 --hidden_size 64", "QUANT": QUANT}
    measure = "--rounds 1 --repeats 1 --batch_size 2 --length 16 --engines paddle onnxruntime --reference False"
    where = {"MEASURE": measure, "OUTPUT": str(tmp_path / "models"), "RESULTS": str(tmp_path / "results")}
    run(f"sh {APP}/benchmark.sh", tmp_path, DATA_DIR=str(APP / "data" / "cls_data"), **rows, **small, **where)
    assert (tmp_path / "results" / "sentiment_ppminilm.json").exists()
    assert (tmp_path / "results" / "sentiment_ppminilm" / "report.html").exists()
