# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every table that people read is made anew from results/*.json and compared with what stands there, byte for byte."""

import subprocess
from pathlib import Path

from common import files
from common.report.page import write_page
from common.report.readme import MARKER, find_place, language_of
from common.report.sections import section, write_tables
from common.report.summary import check_summary

import pytest

REPO = Path(__file__).resolve().parents[2]
SUMMARIES = sorted((REPO / "results").glob("*.json"))
PLOTS = ("accuracy_size_latency", "size_memory", "engines")  # in the order of the page
MOST_COLUMNS = 6  # of a table in a README
AGAIN = "run `python -m common.report results/APP.json --output_dir results/APP --readme …`"


def readmes() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=REPO, capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split() if not name.startswith("tests/")]
    return [REPO / name for name in names if Path(name).name.startswith("README")]


def marked() -> list[tuple[Path, str]]:
    """(README, marker) of every table in every README."""
    found = []
    for readme in readmes():
        text = readme.read_text(encoding="utf-8")
        found += [(readme, match["marker"]) for match in MARKER.finditer(text) if not match["end"]]
    return found


@pytest.mark.parametrize(("readme", "marker"), marked(), ids=lambda value: str(value).removeprefix(f"{REPO}/"))
def test_a_table_of_a_readme_is_that_of_the_summary(readme, marker):
    app, _, name = marker.rpartition(".")
    path = REPO / "results" / f"{app}.json"
    assert app and path.exists(), f"{readme}: table:{marker}: write table:APP.NAME with APP one of results/*.json"
    text = readme.read_text(encoding="utf-8")
    place = find_place(text, marker, readme)
    expected = section(files.read_json(path), name, language_of(readme), place.columns)
    assert text[place.begin : place.end] == f"\n{expected}\n", f"{readme}: {AGAIN}"
    head = expected.splitlines()[0].strip("|").split(" | ")
    assert len(head) <= MOST_COLUMNS, f"{readme}: table:{marker}: name at most six `columns:`"


def test_both_languages_have_the_same_tables():
    names = {readme.relative_to(REPO): [] for readme in readmes()}
    for readme, marker in marked():
        names[readme.relative_to(REPO)].append(marker)
    for readme, markers in names.items():
        other = readme.with_name("README.zh-CN.md" if readme.name == "README.md" else "README.md")
        assert markers == names[other], f"{readme} and {other}"
    assert sum(map(len, names.values())) >= 30  # the list is not empty by mistake


@pytest.mark.parametrize("path", SUMMARIES, ids=lambda path: path.stem)
def test_the_tables_and_the_page_are_those_of_the_summary(path, tmp_path):
    summary, there = check_summary(files.read_json(path), path.name), path.with_suffix("")
    for written in write_tables(summary, tmp_path):
        assert written.read_bytes() == (there / written.name).read_bytes(), f"{there / written.name}: {AGAIN}"
    images = [image for name in PLOTS if (image := there / f"{name}.png").exists()]
    write_page(summary, tmp_path / "report.html", "en", images)
    assert (tmp_path / "report.html").read_bytes() == (there / "report.html").read_bytes(), f"{there}: {AGAIN}"
