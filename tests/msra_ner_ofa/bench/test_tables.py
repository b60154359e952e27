# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The app's own tables: the document's run of characters, and the ablation."""

from common import files
from common.cli import UserError

import pytest
from bench import tables


def stage(name: str, milliseconds: float | None) -> dict:
    times = {} if milliseconds is None else {"end_to_end_ms": {"p50": milliseconds, "p95": milliseconds}}
    engine = {"engine": "paddle", "precision": "fp32", "parity": {"passed": True}, **times}
    return {"stage": name, "parameters": 102_000_000, "engines": [engine]}


def test_seconds_are_compared_with_the_original():
    table = tables.of_characters([stage("original", 5000.0), stage("width_0.5", 2500.0), stage("width_0.5_int8", None)])
    assert table.head == ["stage", "parameters", "paddle"]
    assert [row[2] for row in table.rows] == ["5.00 s (1.00 ×)", "2.50 s (2.00 ×)", "–"]


def test_the_ablation_is_compared_with_both_switches_on(tmp_path):
    for name, f1 in (("distill_reorder", 0.9), ("neither", 0.85)):
        files.write_json(tmp_path / name / "scores_0.5.json", {"f1": f1, "f1_strict": f1 - 0.1})
    table = tables.ablation([f"{name}={tmp_path / name}" for name in ("distill_reorder", "neither")])
    assert table.rows == [["on", "on", "0.5", "90.00", "80.00"], ["off", "off", "0.5", "85.00 (-5.00)", "75.00"]]
    with pytest.raises(UserError, match="holds no scores_"):
        tables.ablation([f"distill={tmp_path}"])
    with pytest.raises(UserError, match="`all=x` is not NAME=FOLDER"):
        tables.ablation(["all=x"])
