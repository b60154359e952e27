# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every command of the app's READMEs is run, in their order and in one folder, with flags added that make it short.

`run_all.sh` is run as it stands by .ci/run; `benchmark.sh` is run here on a few steps.
"""

from pathlib import Path

import pytest
import served
from readmes import commands, run, shortened

REPO = Path(__file__).parents[2]
APP = REPO / "glue_ofa"
BY_CI = "sh glue_ofa/run_all.sh"
STEPS = "--max_steps 2 --save_steps 100"
# A model of two steps decides by a hair; that its decisions stay is tested where the models are trained.
EXPORT = "--gate_engines paddle onnxruntime --min_agreement 0"
MEASURE = "--rounds 1 --repeats 1 --batch_size 2 --length 16 --engines paddle onnxruntime"
SHORT = {
    "run_glue.sh": STEPS,
    "./run_glue_ofa.py": f"{STEPS} --importance_batches 1",
    "run_glue.py": STEPS,
    "./export_model.py": EXPORT,
    "export_model.py": EXPORT,
    "bench.measure": MEASURE,
}


@pytest.fixture(scope="module")
def fork(tmp_path_factory) -> served.Fork:
    with pytest.MonkeyPatch.context() as patch:
        served.without_children(patch, "bench.child")
        yield served.Fork(APP, tmp_path_factory.mktemp("fork"))


def test_both_languages_name_the_same_commands():
    assert commands(APP / "README.md") == commands(APP / "README.zh-CN.md")
    assert BY_CI in (REPO / ".ci" / "run").read_text()


@pytest.mark.slow
def test_commands_of_the_readme_run_in_their_order(fork):
    printed = {}
    for command in commands(APP / "README.md"):
        if command == BY_CI or "benchmark.sh" in command:
            continue
        if "bench.measure" in command:  # what run_all.sh has exported by then
            for stage, source, width in (("original", "fine_tuned", "1.0"), ("width_0.5", "ofa", "0.5")):
                fork.succeeds(
                    f"python export_model.py --model_name_or_path tmp/SST-2/{source} --width_mult {width} --n_gpu 0 "
                    f"--max_seq_length 64 --sub_model_output_dir tmp/SST-2/{stage}/dynamic_model "
                    f"--static_sub_model tmp/SST-2/{stage}/static_model {EXPORT}"
                )
        printed[command] = fork.succeeds(shortened(command, SHORT))
    assert sum('"label"' in out for command, out in printed.items() if "predict.py" in command) == 2
    assert any("taken by --budget: width_0.5" in out for out in printed.values())


@pytest.mark.slow
@pytest.mark.benchmark
def test_the_benchmark_runs_on_a_few_steps(tmp_path):
    small = {
        "TASKS": "SST-2",
        "SEEDS": "42",
        "ABLATION": "neither",
        "FLAGS": "--max_steps 2",
        "ARCHITECTURE": "--num_hidden_layers 1 --hidden_size 64 --vocab_size 300",
        "QUANT": "--min_agreement 0 --calibration_batches 2 --gate_engines paddle onnxruntime",
        "MEASURE": MEASURE,
        "SHAPE": "--num_hidden_layers 1 --hidden_size 384 --vocab_size 300 --gate_engines paddle onnxruntime",
    }
    where = {"OUTPUT": str(tmp_path / "models"), "RESULTS": str(tmp_path / "results")}
    run(f"sh {APP}/benchmark.sh", tmp_path, DATA_DIR=str(APP / "data"), **small, **where)
    for name, tables in (("glue_ofa", ("tasks", "ablation", "speed")), ("glue_ofa_bert_base", ("speed",))):
        from common import files

        summary = files.read_json(tmp_path / "results" / f"{name}.json")
        assert set(summary["tables"]) == set(tables) and len(summary["stages"]) in (7, 9)
        assert (tmp_path / "results" / name / "report.html").exists()
