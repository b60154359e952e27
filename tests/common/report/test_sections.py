# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables with their captions."""

from common.report.sections import ledger_text, section, write_tables
from common.report.summary import check_summary

import pytest
from summary_fixture import made_up_summary


@pytest.fixture
def summary():
    return made_up_summary()


def test_ledger_text_is_aligned_and_fits_a_terminal(summary):
    text = ledger_text(summary)
    assert "compared with the original on paddle fp32 (4.00 ms, 500 MiB)" in text
    assert max(map(len, text.splitlines())) <= 120
    rows = [line for line in text.splitlines() if line.startswith("+ INT8 embedding")]
    assert len(rows) == 2 and "5.25 (7 %)" in rows[0] and "82.69 (-0.31)" in rows[1]
    for block in text.split("\n\n")[:2]:
        lines = block.splitlines()
        rule = next(number for number, line in enumerate(lines) if set(line) == {"-"})
        # The last column is flush right, so every full row ends in the same place.
        assert len({len(line) for line in lines[rule:]}) == 1
        assert lines[rule + 1].startswith("original  ")


def test_without_alternatives_a_sentence_says_so(summary):
    del summary["alternatives"]
    assert section(summary, "alternatives", "en").startswith("No alternatives were measured.\n")
    assert section(summary, "alternatives", "zh").startswith("未测量其他方案。\n")


def test_only_the_columns_that_are_asked_for(summary):
    lines = section(summary, "engines", "en", ["stage", "engine", "memory"]).splitlines()
    assert (
        lines[0] == "| stage | engine | peak MiB (% of original) |"
        and lines[2] == "| original | onnxruntime | 400 (80 %) |"
    )
    assert "Imaginary CPU 9000, 2 cores" in lines[-1]


def test_all_tables_in_a_file_of_each_language(summary, tmp_path):
    summary["tables"] = {"tasks": {"head": ["task", "original"], "rows": [["SST-2", "80.00"]]}}
    english, chinese = write_tables(check_summary(summary), tmp_path)
    assert [path.name for path in (english, chinese)] == ["tables.md", "tables.zh-CN.md"]
    text = english.read_text(encoding="utf-8")
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert titles == [
        "# ernie_tiny_slu",
        "## What each stage cost and gained",
        "## What one would take instead",
        "## Every engine",
        "## tasks",
    ]
    assert section(summary, "ledger", "en") in text
    assert section(summary, "engines", "zh") in chinese.read_text(encoding="utf-8")
