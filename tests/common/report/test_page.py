# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The page of a made-up summary, read as a browser would."""

from html.parser import HTMLParser

from common.report.page import write_page
from common.report.plots import draw

import pytest
from summary_fixture import made_up_summary


@pytest.fixture
def summary():
    return made_up_summary()


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
    write_page(summary, path, language, draw(summary, tmp_path))
    content = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(content)
    assert page.open == []
    assert len(page.sources) == 3 and all(source.startswith("data:image/png;base64,iVBOR") for source in page.sources)
    assert "://" not in content and "url(" not in content and "@import" not in content and "<script" not in content
    text = " ".join(page.text)
    assert "79.69 (-0.31)" in text and "<b>faster</b> & smaller" in text
    assert "Imaginary CPU 9000" in text and "0123456789ab" in text and "onnxruntime 1.23.2" in text


def test_the_page_has_the_tables_of_the_app(summary, tmp_path):
    summary["tables"] = {"tasks": {"head": ["task", "original"], "rows": [["SST-2", "80.00 ± 0.10"]]}}
    write_page(summary, tmp_path / "page.html", "en", images=[])
    assert "80.00 ± 0.10" in (tmp_path / "page.html").read_text(encoding="utf-8")
