# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every command of the app's READMEs is run, in their order and in one folder, with flags added that make it short.

`run_all.sh` is run as it stands by .ci/run; `benchmark.sh` is run here on a few sentences.
"""

from pathlib import Path

import pytest
import served
from readmes import commands, run, shortened

REPO = Path(__file__).parents[2]
APP = REPO / "msra_ner_ofa"
BY_CI = "sh msra_ner_ofa/run_all.sh"
STEPS = "--max_steps 4 --save_steps 2"
# A model of four steps decides by a hair; that its decisions stay is tested where the models are trained.
GATE = "--min_agreement 0 --gate_engines paddle onnxruntime"
SHORT = {
    "run_train.sh": STEPS,
    "run_compress.sh": f"{STEPS} --importance_batches 1",
    "run_export_model.sh": GATE,
    "./run_msra_ner.py": STEPS,
    "./run_msra_ner_ofa.py": f"{STEPS} --importance_batches 1",
    "./export_model_msra_ner_ofa.py": GATE,
    "run_msra_ner.py": "--max_steps 2 --save_steps 2",
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
        if command == BY_CI or "benchmark.sh" in command:
            continue
        printed[command] = fork.succeeds(shortened(command, SHORT))
    assert any('"entities"' in out for command, out in printed.items() if "predict" in command)
    assert any("f1_strict" in out for command, out in printed.items() if "evaluate" in command)


@pytest.mark.slow
@pytest.mark.benchmark
def test_the_benchmark_runs_on_a_few_sentences(tmp_path):
    rows = {"ROWS": "60", "TEST_ROWS": "20"}
    small = {
        "TEACHER": f"{STEPS} --num_hidden_layers 1 --hidden_size 64 --num_attention_heads 2",
        "STUDENT": f"{STEPS} --importance_batches 1",
        "EXPORT": GATE,
        "REFERENCE": "--num_hidden_layers 1 --hidden_size 64",
        "MEASURE": "--rounds 1 --repeats 1 --batch_size 2 --length 16 --characters 200 --engines paddle onnxruntime",
    }
    where = {"OUTPUT": str(tmp_path / "models"), "RESULTS": str(tmp_path / "results")}
    run(f"sh {APP}/benchmark.sh", tmp_path, DATA_DIR=str(APP / "data" / "msra"), **rows, **small, **where)
    for name in (
        "msra_ner_ofa.json",
        "msra_ner_ofa_bert_base.json",
        "msra_ner_ofa/report.html",
        "msra_ner_ofa_bert_base/report.html",
    ):
        assert (tmp_path / "results" / name).exists(), name
