# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Filling the marked tables of a README."""

from common.cli import UserError
from common.report.readme import update_readme
from common.report.sections import section, table_of
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


def test_a_readme_is_filled_and_stays_the_same_the_second_time(summary, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(README)
    update_readme(path, summary, "en", "ledger")
    update_readme(path, summary, "en", "ernie_tiny_slu.alternatives")
    once = path.read_text()
    assert markdown(summary, "ledger") in once and markdown(summary, "alternatives") in once
    assert "old" not in once
    for part in ("Imaginary CPU 9000, 2 cores", "seeds 1, 2", "split test", "commit 0123456789ab", "2000-01-01"):
        assert part in once
    for kept in ("# Title\n<!-- table:ledger -->\n", "<!-- /table:ledger -->\nbetween\n", "not ours", "\nend\n"):
        assert kept in once
    update_readme(path, summary, "en", "ledger")
    update_readme(path, summary, "en", "ernie_tiny_slu.alternatives")
    assert path.read_text() == once


@pytest.mark.parametrize(
    ("text", "marker", "part"),
    [
        ("nothing here", "ledger", "README.md:1: expected <!-- table:ledger -->"),
        ("\n<!-- table:ledger -->\n", "ledger", "README.md:2: expected"),
        ("<!-- /table:ledger --> <!-- table:ledger -->", "ledger", "expected"),
        ("<!-- table:ledger --><!-- /table:ledger -->\n" * 2, "ledger", "README.md:1, 1, 2, 2: expected"),
        ("<!-- table:legder --><!-- /table:legder -->", "legder", "did you mean `ledger`?"),
        (README, "another_app.ledger", "the summary is of ernie_tiny_slu, not of another_app"),
    ],
)
def test_a_readme_with_wrong_markers_is_left_alone(summary, tmp_path, text, marker, part):
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        update_readme(path, summary, "en", marker)
    assert part in str(caught.value)
    assert path.read_text() == text


def test_a_marker_may_ask_for_some_columns(summary, tmp_path):
    path = tmp_path / "README.md"
    marks = "<!-- table:ledger columns:stage,{} -->\n<!-- /table:ledger -->\n"
    path.write_text(marks.format("memory"))
    update_readme(path, summary, "en", "ledger")
    assert section(summary, "ledger", "en", ["stage", "memory"]) in path.read_text()
    assert path.read_text().startswith("<!-- table:ledger columns:stage,memory -->\n| stage | peak MiB")
    path.write_text(marks.format("memoyr"))
    with pytest.raises(UserError, match=r"README.md: table:ledger: `memoyr` .did you mean `memory`"):
        update_readme(path, summary, "en", "ledger")


def test_a_summary_may_bring_tables_of_its_own(summary, tmp_path):
    rows = [["SST-2", "80.00 ± 0.10", "79.90"], ["width_0.5", "on", "|"]]
    summary["app"] = "glue_ofa"  # whose words has "task"
    summary["tables"] = {"tasks": {"head": ["task", "original", "width_0.6667"], "rows": rows}}
    readme = tmp_path / "README.zh-CN.md"
    readme.write_text("<!-- table:glue_ofa.tasks -->\n<!-- /table:glue_ofa.tasks -->\n", encoding="utf-8")
    update_readme(readme, check_summary(summary), "zh", "glue_ofa.tasks")
    text = readme.read_text(encoding="utf-8")
    assert "| 任务 | 原模型 | 宽度 0.6667 |" in text and "| 宽度 0.5 | 开 | \\| |" in text and "机器" in text
    rows[1].pop()
    with pytest.raises(UserError, match=r"tables\.tasks\.rows\[1\]: has 2 cells, the head has 3"):
        check_summary(summary)
