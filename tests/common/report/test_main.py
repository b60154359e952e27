# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""`python -m common.report`."""

import subprocess
import sys
from pathlib import Path

from common import files
from common.report.sections import ledger_text, section

import pytest
from summary_fixture import made_up_summary

REPO = Path(__file__).resolve().parents[3]
README = """# Title
<!-- table:ledger -->
old
<!-- /table:ledger -->
between
<!-- table:ernie_tiny_slu.alternatives --><!-- /table:ernie_tiny_slu.alternatives -->
<!-- table:another_app.ledger -->
not ours
<!-- /table:another_app.ledger -->
end
"""


@pytest.fixture
def summary():
    return made_up_summary()


def command(*words) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "common.report", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, cwd=REPO)


def test_the_command(summary, tmp_path):
    files.write_json(tmp_path / "summary.json", summary)
    english, chinese = tmp_path / "README.md", tmp_path / "README.zh-CN.md"
    for path in (english, chinese):
        path.write_text(README)
    result = command(tmp_path / "summary.json", "--output_dir", tmp_path / "out", "--readme", english, chinese)
    assert result.returncode == 0, result.stderr
    assert ledger_text(summary) in result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "accuracy_size_latency.png",
        "engines.png",
        "report.html",
        "size_memory.png",
        "tables.md",
        "tables.zh-CN.md",
    ]
    assert section(summary, "ledger", "en") in english.read_text()
    assert section(summary, "ledger", "zh") in chinese.read_text()
    assert "not ours" in english.read_text()


def test_the_command_refuses_what_is_not_a_summary(tmp_path):
    (tmp_path / "summary.json").write_text('{"app": "x"}')
    result = command(tmp_path / "summary.json")
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {tmp_path}/summary.json: commit: missing")
    assert command(tmp_path / "none.json").returncode == 2
