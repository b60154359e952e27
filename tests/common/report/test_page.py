# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Reports of a made-up summary: the figures a reader sees were computed here by hand."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from common import files
from common.cli import UserError
from common.report import page as report

import pytest
from summary_fixture import made_up_summary

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture
def summary():
    return made_up_summary()


def cells(markdown: str) -> list[dict[str, str]]:
    """Rows of a Markdown table by heading."""
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in markdown.splitlines()]
    head, marks, *rows = lines
    assert all(re.fullmatch(r"---:?", mark) for mark in marks) and len(marks) == len(head)
    assert all(len(row) == len(head) for row in rows)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_ledger(summary):
    rows = cells(report.markdown_table(summary))
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
        "peak MB (% of original)": "500 (100 %)",
        "parity": "4/4",
    }
    assert rows[3]["engine"] == "onnxruntime int8" and rows[3]["parity"] == "2/3"
    last = rows[4]
    assert last["MiB (% of original)"] == "5.25 (7 %)"
    assert last["accuracy %"] == "79.69 (-0.31)"
    assert last["slot F1 %"] == "72.70 (-0.30)"
    assert last["end to end p50 / p95 ms"] == "0.50 / 0.65"
    assert last["× original"] == "8.0"
    assert last["peak MB (% of original)"] == "75 (15 %)"


def test_a_reference_is_a_further_column(summary):
    """Its time is of the model alone, so the stages' are too: 140 ms against 3.5 ms."""
    summary["reference"] = {"name": "SKEP-large", "latency_ms": {"p50": 140.0, "p95": 150.0}}
    rows = cells(report.markdown_table(summary))
    assert list(rows[0]).index("× SKEP-large") == list(rows[0]).index("× original") + 1
    assert rows[0]["× SKEP-large"] == "40.0"
    engines = cells(report.engine_table(summary))
    assert {row["× SKEP-large"] for row in engines if row["engine"] == "paddle"} >= {"40.0"}
    del summary["reference"]["name"]
    with pytest.raises(UserError, match=r"reference\.name: missing"):
        report.check_summary(summary)


def test_ledger_in_chinese(summary):
    rows = cells(report.markdown_table(summary, "zh"))
    assert [row["阶段"] for row in rows] == ["原模型", "+ 词表裁剪", "+ 宽度裁剪", "+ INT8 矩阵乘", "+ INT8 词向量"]
    assert rows[4]["准确率 %"] == "79.69 (-0.31)" and rows[4]["槽位 F1 %"] == "72.70 (-0.30)"


def test_what_is_missing_is_a_dash(summary):
    last = summary["stages"][4]
    last["engines"] = []
    del last["metrics"]["slot_f1"]
    row = cells(report.markdown_table(summary))[4]
    assert row["slot F1 %"] == row["engine"] == row["× original"] == row["parity"] == "–"
    assert row["end to end p50 / p95 ms"] == row["peak MB (% of original)"] == "–"


def test_a_summary_without_any_figure_of_speed(summary):
    for stage in summary["stages"]:
        stage["engines"] = []
    summary["alternatives"] = []
    assert {row["× original"] for row in cells(report.markdown_table(summary))} == {"–"}
    assert "compared with" not in report.ledger_text(summary)


def test_a_metric_without_a_translation_keeps_its_name(summary):
    for stage in summary["stages"]:
        stage["metrics"] = {"matthews_corr": -0.1}
    assert cells(report.markdown_table(summary))[1]["matthews corr %"] == "-10.00 (+0.00)"


def test_engines_show_failures_and_refusals(summary):
    rows = {(row["stage"], row["engine"]): row for row in cells(report.engine_table(summary))}
    assert len(rows) == 14
    good = rows["+ INT8 matmul", "onnxruntime"]
    assert (good["parity"], good["max. difference"], good["agreement %"]) == ("passed", "3.0e-01", "99.50")
    assert good["× original"] == "8.0"
    failed = rows["+ INT8 matmul", "paddle"]
    assert (failed["parity"], failed["agreement %"], failed["× original"]) == ("FAILED", "24.00", "–")
    refused = rows["+ INT8 matmul", "paddlelite"]
    assert refused["parity"] == "refused: INT8 crashes on x86; take onnxruntime"
    assert refused["end to end p50 / p95 ms"] == "–"
    chinese = cells(report.engine_table(summary, "zh"))
    assert {row["一致性"].split("：")[0] for row in chinese} == {"通过", "未通过", "禁用"}


def test_alternatives(summary):
    rows = cells(report.alternatives_table(summary))
    assert [row["ours is × as fast"] for row in rows] == ["–", "3.5", "1.3", "1.5"]
    assert rows[0]["taken instead"] == "this project (onnxruntime int8)"
    assert rows[2]["MiB (% of original)"] == "20.00 (25 %)" and rows[2]["accuracy %"] == "79.50 (-0.50)"
    assert rows[3]["peak MB (% of original)"] == "–"
    del summary["alternatives"]
    assert report.alternatives_table(summary) == "No alternatives were measured."
    assert report.alternatives_table(summary, "zh") == "未测量其他方案。"


def test_ledger_text_is_aligned_and_fits_a_terminal(summary):
    text = report.ledger_text(summary)
    assert "compared with the original on paddle fp32 (4.00 ms, 500 MB)" in text
    assert max(map(len, text.splitlines())) <= 120
    rows = [line for line in text.splitlines() if line.startswith("+ INT8 embedding")]
    assert len(rows) == 2 and "5.25 (7 %)" in rows[0] and "82.69 (-0.31)" in rows[1]
    for block in text.split("\n\n")[:2]:
        lines = block.splitlines()
        rule = next(number for number, line in enumerate(lines) if set(line) == {"-"})
        # The last column is flush right, so every full row ends in the same place.
        assert len({len(line) for line in lines[rule:]}) == 1
        assert lines[rule + 1].startswith("original  ")


def test_a_bar_in_a_name_does_not_break_a_markdown_table(summary):
    summary["alternatives"][0]["name"] = "a|b"
    assert "| a\\|b |" in report.alternatives_table(summary)


class Page(HTMLParser):
    """Collects what a browser would load, and checks that tags close."""

    def __init__(self):
        super().__init__()
        self.sources, self.open, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href", "srcset", "data")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_stands_alone(summary, tmp_path, language):
    summary["alternatives"][0]["name"] = "<b>faster</b> & smaller"
    path = tmp_path / "report.html"
    report.html(summary, path, language)
    content = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(content)
    assert page.open == []
    assert len(page.sources) == 3 and all(source.startswith("data:image/png;base64,iVBOR") for source in page.sources)
    assert "://" not in content and "url(" not in content and "@import" not in content and "<script" not in content
    text = " ".join(page.text)
    assert "79.69 (-0.31)" in text and "<b>faster</b> & smaller" in text
    assert "Imaginary CPU 9000" in text and "0123456789ab" in text and "onnxruntime 1.23.2" in text


def size_of_png(path: Path) -> tuple[int, int]:
    raw = path.read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")


def test_plots(summary, tmp_path):
    written = report.plots(summary, tmp_path / "new")
    assert [path.name for path in written] == ["accuracy_size_latency.png", "size_memory.png", "engines.png"]
    for path in written:
        width, height = size_of_png(path)
        assert 1000 < width < 2400 and 300 < height < 2000


def test_plots_of_a_summary_without_speed(summary, tmp_path):
    for stage in summary["stages"]:
        stage["engines"] = []
    summary["alternatives"] = []
    names = [path.name for path in report.plots(summary, tmp_path)]
    assert names == ["accuracy_size_latency.png", "size_memory.png"]


def test_the_plotted_figures_are_the_summarys(summary):
    import matplotlib

    matplotlib.use("Agg")
    from common.report import plots

    from matplotlib import pyplot

    figure = plots.accuracy_size_latency(summary, pyplot)
    by_size, by_latency = figure.axes
    label = "+ INT8 embedding"
    for panel, expected in ((by_size, (5.25, 79.69)), (by_latency, (0.5, 79.69))):
        points = {points.get_label(): points.get_offsets()[0] for points in panel.collections}
        assert len(points) == 8
        assert tuple(points[label]) == pytest.approx(expected)
        assert panel.get_xlabel().endswith(("MiB", "ms"))
    assert by_size.get_ylabel() == "accuracy %"
    pyplot.close(figure)


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


@pytest.mark.parametrize(("values", "least"), [([34.0, 36.2], 1), ([281.0, 680.0], 3), ([1.0, 400.0], 3)])
def test_a_short_axis_has_more_than_one_number_on_it(values, least):
    """Times between 281 and 680 ms had the one tick 500."""
    from common.report import plots

    from matplotlib import pyplot

    figure, panel = pyplot.subplots()
    plots._plain_log_axis(panel, values)
    assert least <= len(panel.get_xticks()) <= 12
    pyplot.close(figure)


def test_a_readme_is_filled_and_stays_the_same_the_second_time(summary, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(README)
    report.update_readme(path, summary, "en", "ledger")
    report.update_readme(path, summary, "en", "ernie_tiny_slu.alternatives")
    once = path.read_text()
    assert report.markdown_table(summary) in once and report.alternatives_table(summary) in once
    assert "old" not in once
    for part in ("Imaginary CPU 9000, 2 cores", "seeds 1, 2", "split test", "commit 0123456789ab", "2000-01-01"):
        assert part in once
    for kept in ("# Title\n<!-- table:ledger -->\n", "<!-- /table:ledger -->\nbetween\n", "not ours", "\nend\n"):
        assert kept in once
    report.update_readme(path, summary, "en", "ledger")
    report.update_readme(path, summary, "en", "ernie_tiny_slu.alternatives")
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
        report.update_readme(path, summary, "en", marker)
    assert part in str(caught.value)
    assert path.read_text() == text


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
    assert report.ledger_text(summary) in result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "accuracy_size_latency.png",
        "engines.png",
        "report.html",
        "size_memory.png",
    ]
    assert report.markdown_table(summary, "en") in english.read_text()
    assert report.markdown_table(summary, "zh") in chinese.read_text()
    assert "not ours" in english.read_text()


def test_the_command_refuses_what_is_not_a_summary(tmp_path):
    (tmp_path / "summary.json").write_text('{"app": "x"}')
    result = command(tmp_path / "summary.json")
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {tmp_path}/summary.json: commit: missing")
    assert command(tmp_path / "none.json").returncode == 2


def test_widths_are_called_by_their_number_and_drawn(summary, tmp_path):
    for stage, name in zip(
        summary["stages"][1:], ["width_0.8333", "width_0.6667", "width_0.5", "width_0.5_int8"], strict=True
    ):
        stage["stage"] = name
    rows = [row["stage"] for row in cells(report.markdown_table(summary))]
    assert rows == ["original", "width 0.8333", "width 0.6667", "width 0.5", "width 0.5 + INT8"]
    assert "宽度 0.5 + INT8" in report.markdown_table(summary, "zh")
    assert len(report.plots(summary, tmp_path)) == 3


def test_every_stage_can_be_drawn(summary, tmp_path):
    summary["stages"][4]["stage"] = "width_int8"
    assert len(report.plots(summary, tmp_path)) == 3


def test_a_summary_may_bring_tables_of_its_own(summary, tmp_path):
    rows = [["SST-2", "80.00 ± 0.10", "79.90"], ["width_0.5", "on", "|"]]
    summary["tables"] = {"tasks": {"head": ["task", "original", "width_0.6667"], "rows": rows}}
    readme = tmp_path / "README.zh-CN.md"
    readme.write_text("<!-- table:ernie_tiny_slu.tasks -->\n<!-- /table:ernie_tiny_slu.tasks -->\n", encoding="utf-8")
    report.update_readme(readme, report.check_summary(summary), "zh", "ernie_tiny_slu.tasks")
    text = readme.read_text(encoding="utf-8")
    assert "| 任务 | 原模型 | 宽度 0.6667 |" in text and "| 宽度 0.5 | 开 | \\| |" in text and "机器" in text
    report.html(summary, tmp_path / "page.html", images=[])
    assert "80.00 ± 0.10" in (tmp_path / "page.html").read_text(encoding="utf-8")
    rows[1].pop()
    with pytest.raises(UserError, match=r"tables\.tasks\.rows\[1\]: has 2 cells, the head has 3"):
        report.check_summary(summary)
