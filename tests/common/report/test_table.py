# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

import re

from common.cli import UserError
from common.report.table import Table

import pytest

TABLE = Table(["name", "size", "time"], ["Name", "MiB", "ms"], [["a|b", "1", "2"], ["c", "30", "4"]])


def test_a_bar_in_a_name_does_not_break_a_markdown_table():
    assert TABLE.markdown().splitlines() == [
        "| Name | MiB | ms |",
        "| --- | ---: | ---: |",
        "| a\\|b | 1 | 2 |",
        "| c | 30 | 4 |",
    ]


def test_columns_are_chosen_by_key_in_the_order_asked_for():
    chosen = TABLE.select(["time", "name"])
    assert chosen.head == ["ms", "Name"] and chosen.rows == [["2", "a|b"], ["4", "c"]] and chosen.left == 1
    with pytest.raises(UserError, match=re.escape("`sizee` (did you mean `size`?) is no column")):
        TABLE.select(["sizee"])


def test_text_is_aligned_with_numbers_to_the_right():
    lines = TABLE.text().splitlines()
    assert lines[2] == "a|b" + " " * 10 + "1" + " " * 7 + "2" and set(lines[1]) == {"-"}


def test_html_is_escaped():
    table = Table(["a"], ["<b>"], [["1 & 2"]])
    assert '<th class="word">&lt;b&gt;</th>' in table.html() and "1 &amp; 2" in table.html()
