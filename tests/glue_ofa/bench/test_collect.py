# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables of several trainings."""

import common  # noqa: F401  before paddle
from common import files

from bench import collect
from calls import call


# --- tables of several trainings
def run(folder, tuned: float | None = None, **widths: float) -> None:
    metric = {"f1": 0.5} if folder.parts[-3] == "MRPC" else {}
    if tuned is not None:
        files.write_json(folder / "training.json", {"dev": metric | {"accuracy": tuned, "score": tuned}})
    else:
        found = {name: {"dev": metric | {"accuracy": value, "score": value}} for name, value in widths.items()}
        files.write_json(folder / "training.json", {"widths": found})


def test_tables_of_tasks_and_of_the_ablation(measured, tmp_path):
    for seed, more in (("42", 0.0), ("43", 0.02)):
        run(tmp_path / "MRPC" / seed / "fine_tuned", tuned=0.70 + more)
        run(tmp_path / "MRPC" / seed / "ofa", width_1=0.71, width_half=0.69 + more)
    run(tmp_path / "SST-2" / "42" / "fine_tuned", tuned=0.9)
    run(tmp_path / "SST-2" / "42" / "ofa", width_1=0.91, width_half=0.9)
    for seed, variant, value in (("42", "distill", 0.91), ("43", "distill", 0.93), ("42", "neither", 0.88)):
        run(tmp_path / "ablation" / variant / seed, width_1=value, width_half=value - 0.01)
    files.write_json(tmp_path / "summary.json", measured)
    ended = call("bench.collect", "--summary", tmp_path / "summary.json", "--runs", tmp_path)
    assert ended.code == 0, ended.err
    tables = files.read_json(tmp_path / "summary.json")["tables"]
    assert tables["tasks"]["head"] == ["task", "metric", "seeds", "original", "width_1", "width_half"]
    assert tables["tasks"]["rows"] == [
        ["SST-2", "accuracy", "1", "90.00", "91.00", "90.00"],
        ["MRPC", "f1", "2", "50.00 ± 0.00", "50.00 ± 0.00", "50.00 ± 0.00"],
        ["MRPC", "accuracy", "2", "71.00 ± 1.41", "71.00 ± 0.00", "70.00 ± 1.41"],
        ["∅", "", "", "70.33", "70.67", "70.00"],
    ]
    assert tables["ablation"] == {
        "head": ["distillation", "reordering", "seeds", "width_1", "width_half"],
        "rows": [["on", "off", "2", "92.00 ± 1.41", "91.00 ± 1.41"], ["off", "off", "1", "88.00", "87.00"]],
    }
    assert "speed" in tables


def test_no_training_at_all_is_said(measured, tmp_path):
    files.write_json(tmp_path / "summary.json", measured)
    ended = call("bench.collect", "--summary", tmp_path / "summary.json", "--runs", tmp_path)
    assert ended.code == 2 and "no <task>/<seed>/ofa/training.json in it; run benchmark.sh" in ended.err
    assert collect.spread([]) == "–" and next(iter(collect.ABLATION)) == "distill_reorder"
