# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

import json

from common.report.app_tables import AppTable, add_tables, read_summary, spread

from summary_fixture import made_up_summary


def test_mean_and_standard_deviation_of_the_sample():
    assert spread([]) == "–" and spread([80.123]) == "80.12"
    assert spread([79.0, 81.0]) == "80.00 ± 1.41"


def test_tables_are_added_to_those_that_are_there(tmp_path, capsys):
    path = tmp_path / "summary.json"
    summary = made_up_summary() | {"tables": {"speed": {"head": ["stage"], "rows": [["original"]]}}}
    path.write_text(json.dumps(summary))
    tables = {"tasks": AppTable(["task", "f1"], [["SST-2", "80.00"]]), "empty": AppTable(["task"], [])}
    add_tables(path, read_summary(path), tables)
    assert read_summary(path)["tables"] == {
        "speed": {"head": ["stage"], "rows": [["original"]]},
        "tasks": {"head": ["task", "f1"], "rows": [["SST-2", "80.00"]]},
    }
    assert capsys.readouterr().out == "stage\noriginal\ntask  f1\nSST-2  80.00\n"
