# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from common.report import captions
from common.report.words import words_for

import pytest
from summary_fixture import made_up_summary

EXPECTED = {
    "en": (
        "Machine: Imaginary CPU 9000, 2 cores, avx2 avx512_vnni, Linux 6.1 x86_64, Python 3.10.13; date 2000-01-01; "
        "split test; seeds 1, 2; commit 0123456789ab; command `sh ernie_tiny_slu/benchmark.sh`.",
        "Speed and memory are compared with the original on paddle fp32 (4.00 ms, 500 MiB).",
    ),
    "zh": (
        "机器：Imaginary CPU 9000, 2 核, avx2 avx512_vnni, Linux 6.1 x86_64, Python 3.10.13；日期 2000-01-01；"
        "数据划分 test；随机种子 1, 2；提交 0123456789ab；命令 `sh ernie_tiny_slu/benchmark.sh`。",
        "速度与内存的比较基准：原模型，引擎 paddle fp32（4.00 ms, 500 MiB）。",
    ),
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_captions(language):
    summary, words = made_up_summary(), words_for("ernie_tiny_slu", language)
    assert (captions.provenance(summary, words), captions.comparison(summary, words)) == EXPECTED[language]


def test_without_figures_of_speed_nothing_is_compared():
    summary = made_up_summary()
    summary["stages"][0]["engines"] = []
    assert captions.comparison(summary, words_for("ernie_tiny_slu", "en")) == ""
    assert captions.machine("a laptop", words_for("ernie_tiny_slu", "en")) == "a laptop"
