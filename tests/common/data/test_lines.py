# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Lines in, JSON out."""

import io
import subprocess
import sys

from common.cli import UserError
from common.data import lines

import pytest


def test_only_line_feeds_end_a_line(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_bytes("一\r\n\u2028二\n\n".encode())
    assert lines.read(path) == ["一", "\u2028二", ""]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.txt"):
        lines.read(tmp_path / "none.txt")


def test_typed_lines_may_begin_with_a_byte_order_mark(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\ufeff一\r\n\n二".encode())))
    assert list(lines.typed("hint")) == ["一", "", "二"]


def test_bytes_that_are_not_utf8_are_named(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\xff\n")))
    with pytest.raises(UserError, match="stdin:2: byte 0 is not UTF-8"):
        list(lines.typed())


ENDLESS = """
from dataclasses import dataclass
from common import cli
from common.data import lines

@dataclass
class Options:
    "Answers without end."

def main(options):
    while True:
        lines.print_json({"text": "一"})

cli.run(main, Options)
"""


def test_a_reader_that_has_had_enough_ends_the_program_quietly():
    command = f"\"{sys.executable}\" -c '{ENDLESS}' | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"text": "一"}\n', "")
