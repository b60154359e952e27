# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables of a made-up summary: the figures a reader sees were computed here by hand."""

import re

from common.cli import UserError
from common.report.sections import ledger_text, table_of
from common.report.summary import check_summary
from common.report.words import words_for

import pytest
from summary_fixture import made_up_summary


@pytest.fixture
def summary():
    return made_up_summary()


def markdown(summary: dict, name: str, language: str = "en") -> str:
    """The table without its caption."""
    return table_of(summary, name, words_for(summary["app"], language)).markdown()


def cells(markdown: str) -> list[dict[str, str]]:
    """Rows of a Markdown table by heading."""
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in markdown.splitlines()]
    head, marks, *rows = lines
    assert all(re.fullmatch(r"---:?", mark) for mark in marks) and len(marks) == len(head)
    assert all(len(row) == len(head) for row in rows)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_in_short(summary):
    """Six columns: the main metric, the engine, and how many times as fast as 4.00 ms."""
    rows = cells(markdown(summary, "brief"))
    assert rows[0] == {
        "stage": "original",
        "MiB (% of original)": "80.00 (100 %)",
        "accuracy %": "80.00",
        "engine": "paddle fp32",
        "end to end ms (× original)": "4.00 (1.0 ×)",
        "peak MiB (% of original)": "500 (100 %)",
    }
    assert rows[4]["accuracy %"] == "79.69 (-0.31)" and rows[4]["engine"] == "onnxruntime int8"
    assert rows[4]["end to end ms (× original)"] == "0.50 (8.0 ×)"
    assert "端到端毫秒（× 原模型）" in markdown(summary, "brief", "zh")


def test_ledger(summary):
    rows = cells(markdown(summary, "ledger"))
    names = ["original", "+ vocabulary", "+ width", "+ INT8 matmul", "+ INT8 embedding"]
    assert [row["stage"] for row in rows] == names
    assert rows[0] == {
        "stage": "original",
        "MiB (% of original)": "80.00 (100 %)",
        "accuracy %": "80.00",
        "accuracy, unseen %": "75.00",
        "intent accuracy %": "87.00",
        "slot F1 %": "73.00",
        "accuracy, argmax %": "78.00",
        "accuracy, CRF %": "83.00",
        "engine": "paddle fp32",
        "model p50 / p95 ms": "3.50 / 4.00",
        "end to end p50 / p95 ms": "4.00 / 5.00",
        "× original": "1.0",
        "peak MiB (% of original)": "500 (100 %)",
        "parity": "4/4",
    }
    assert rows[3]["engine"] == "onnxruntime int8" and rows[3]["parity"] == "2/3"
    last = rows[4]
    assert last["MiB (% of original)"] == "5.25 (7 %)"
    assert last["accuracy %"] == "79.69 (-0.31)"
    assert last["slot F1 %"] == "72.70 (-0.30)"
    assert last["end to end p50 / p95 ms"] == "0.50 / 0.65"
    assert last["× original"] == "8.0"
    assert last["peak MiB (% of original)"] == "75 (15 %)"


def test_a_reference_is_a_further_column(summary):
    """Its time is of the model alone, so the stages' are too: 140 ms against 3.5 ms."""
    summary["reference"] = {"name": "SKEP-large", "latency_ms": {"p50": 140.0, "p95": 150.0}}
    rows = cells(markdown(summary, "ledger"))
    assert list(rows[0]).index("× SKEP-large") == list(rows[0]).index("× original") + 1
    assert rows[0]["× SKEP-large"] == "40.0"
    engines = cells(markdown(summary, "engines"))
    assert {row["× SKEP-large"] for row in engines if row["engine"] == "paddle"} >= {"40.0"}
    del summary["reference"]["name"]
    with pytest.raises(UserError, match=r"reference\.name: missing"):
        check_summary(summary)


def test_ledger_in_chinese(summary):
    rows = cells(markdown(summary, "ledger", "zh"))
    assert [row["阶段"] for row in rows] == ["原模型", "+ 词表裁剪", "+ 宽度裁剪", "+ INT8 矩阵乘", "+ INT8 词向量"]
    assert rows[4]["准确率 %"] == "79.69 (-0.31)" and rows[4]["槽位 F1 %"] == "72.70 (-0.30)"


def test_what_is_missing_is_a_dash(summary):
    last = summary["stages"][4]
    last["engines"] = []
    del last["metrics"]["slot_f1"]
    row = cells(markdown(summary, "ledger"))[4]
    assert row["slot F1 %"] == row["engine"] == row["× original"] == row["parity"] == "–"
    assert row["end to end p50 / p95 ms"] == row["peak MiB (% of original)"] == "–"


def test_a_summary_without_any_figure_of_speed(summary):
    for stage in summary["stages"]:
        stage["engines"] = []
    summary["alternatives"] = []
    assert {row["× original"] for row in cells(markdown(summary, "ledger"))} == {"–"}
    assert "compared with" not in ledger_text(summary)


def test_a_metric_without_a_translation_keeps_its_name(summary):
    for stage in summary["stages"]:
        stage["metrics"] = {"matthews_corr": -0.1}
    assert cells(markdown(summary, "ledger"))[1]["matthews corr %"] == "-10.00 (+0.00)"


def test_engines_show_failures_and_refusals(summary):
    rows = {(row["stage"], row["engine"]): row for row in cells(markdown(summary, "engines"))}
    assert len(rows) == 14
    good = rows["+ INT8 matmul", "onnxruntime"]
    assert (good["parity"], good["max. difference"], good["agreement %"]) == ("passed", "3.0e-01", "99.50")
    assert good["× original"] == "8.0"
    failed = rows["+ INT8 matmul", "paddle"]
    assert (failed["parity"], failed["agreement %"], failed["× original"]) == ("FAILED", "24.00", "–")
    refused = rows["+ INT8 matmul", "paddlelite"]
    assert refused["parity"] == "refused: INT8 crashes on x86; take onnxruntime"
    assert refused["end to end p50 / p95 ms"] == "–"
    chinese = cells(markdown(summary, "engines", "zh"))
    assert {row["一致性"].split("：")[0] for row in chinese} == {"通过", "未通过", "禁用"}


def test_alternatives(summary):
    rows = cells(markdown(summary, "alternatives"))
    assert [row["ours is × as fast"] for row in rows] == ["–", "3.5", "1.3", "1.5"]
    assert rows[0]["taken instead"] == "this project (onnxruntime int8)"
    assert rows[2]["MiB (% of original)"] == "20.00 (25 %)" and rows[2]["accuracy %"] == "79.50 (-0.50)"
    assert rows[3]["peak MiB (% of original)"] == "–"
    del summary["alternatives"]
    assert table_of(summary, "alternatives", words_for("ernie_tiny_slu", "en")) is None
