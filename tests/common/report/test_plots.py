# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from pathlib import Path

from common.report import plots
from common.report.plots import draw
from common.report.sections import table_of
from common.report.words import words_for

import pytest
from summary_fixture import made_up_summary


@pytest.fixture
def summary():
    return made_up_summary()


def size_of_png(path: Path) -> tuple[int, int]:
    raw = path.read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")


def test_plots(summary, tmp_path):
    written = draw(summary, tmp_path / "new")
    assert [path.name for path in written] == ["accuracy_size_latency.png", "size_memory.png", "engines.png"]
    for path in written:
        width, height = size_of_png(path)
        assert 1000 < width < 2400 and 300 < height < 2000


def test_plots_of_a_summary_without_speed(summary, tmp_path):
    for stage in summary["stages"]:
        stage["engines"] = []
    summary["alternatives"] = []
    names = [path.name for path in draw(summary, tmp_path)]
    assert names == ["accuracy_size_latency.png", "size_memory.png"]


def test_the_plotted_figures_are_the_summarys(summary):
    import matplotlib

    matplotlib.use("Agg")
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


def test_widths_are_called_by_their_number_and_drawn(summary, tmp_path):
    for stage, name in zip(
        summary["stages"][1:], ["width_0.8333", "width_0.6667", "width_0.5", "width_0.5_int8"], strict=True
    ):
        stage["stage"] = name
    ledger = table_of(summary, "ledger", words_for("ernie_tiny_slu", "en"))
    assert [row[0] for row in ledger.rows] == [
        "original",
        "width 0.8333",
        "width 0.6667",
        "width 0.5",
        "width 0.5 + INT8",
    ]
    assert "宽度 0.5 + INT8" in table_of(summary, "ledger", words_for("ernie_tiny_slu", "zh")).markdown()
    assert len(draw(summary, tmp_path)) == 3


def test_every_stage_can_be_drawn(summary, tmp_path):
    summary["stages"][4]["stage"] = "width_int8"
    assert len(draw(summary, tmp_path)) == 3
