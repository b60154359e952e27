# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Texts in, answers out: what every program does that answers lines of a file, of a pipe or of a person."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from common import files
from common.cli import UserError


def read(path: Path) -> list[str]:
    """Lines of a text file; only line feeds end one, and a carriage return before one is dropped.

    Raises:
        UserError: no such file, or not UTF-8.
    """
    lines = files.read_text(path, "input file").removesuffix("\n").split("\n")
    return [line.removesuffix("\r") for line in lines]


def is_person() -> bool:
    """Whether somebody sits at stdin, who wants an answer per line."""
    return sys.stdin.isatty()


def typed(hint: str | None = None) -> Iterator[str]:
    """Lines of stdin until its end; a person gets a prompt, and before it the hint.

    Raises:
        UserError: a line that is not UTF-8.
    """
    asking = is_person()
    if asking and hint:
        print(hint, file=sys.stderr)
    for number in range(1, sys.maxsize):
        if asking:
            print("> ", end="", file=sys.stderr, flush=True)
        try:
            raw = sys.stdin.buffer.readline()
            if not raw:
                return
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except KeyboardInterrupt:
            return
        except UnicodeDecodeError as fault:
            raise UserError(f"stdin:{number}: byte {fault.start} is not UTF-8; convert the text") from None


def print_json(answer: dict) -> None:
    """One UTF-8 line, whatever the locale; escapes only where a text holds what UTF-8 cannot."""
    try:
        line = json.dumps(answer, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        line = json.dumps(answer).encode()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
