# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Reading and writing files so that a fault names its place and nothing saved is ever half overwritten."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.cli import UserError

GUESSES = ("gb18030", "utf-16", "big5", "latin-1")


def require(path: Path | str, what: str) -> Path:
    """The path, or a `UserError` that names it and lists what lies beside it."""
    path = Path(path)
    if path.exists():
        return path
    folder = path.parent
    while not folder.is_dir():
        folder = folder.parent
    beside = sorted(entry.name for entry in folder.iterdir())[:12]
    raise UserError(f"{path}: no such {what}; {folder}/ holds: {', '.join(beside) or 'nothing'}")


def read_text(path: Path | str, what: str = "file") -> str:
    """UTF-8 text with a byte-order mark dropped.

    Raises:
        UserError: no such file, or bytes that are not UTF-8 (with the byte's place and a guess at the encoding).
    """
    raw = require(path, what).read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise UserError(
            f"{path}:{line}: byte {fault.start} (0x{raw[fault.start]:02x}) is not UTF-8, it looks like "
            f"{_guess_encoding(raw)}; convert it, for example: iconv -f {_guess_encoding(raw)} -t utf-8"
        ) from None


def _guess_encoding(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    for name in GUESSES:
        with contextlib.suppress(UnicodeDecodeError):
            raw.decode(name)
            return name
    return "binary data"


def sha256(path: Path | str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write to a temporary name in the same folder, flush to disk, then rename."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path | str, content: str) -> None:
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path | str, content: Any) -> None:
    write_text(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path | str, what: str = "JSON file") -> Any:
    try:
        return json.loads(read_text(path, what))
    except json.JSONDecodeError as fault:
        raise UserError(f"{path}:{fault.lineno}: not JSON: {fault.msg}") from None


@contextlib.contextmanager
def replacing_folder(path: Path | str) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place when the block ends well, and vanishes when it does not."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            path.rename(old)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def git_commit() -> str:
    """The checked-out commit, with `+changes` where the work tree differs; `unknown` outside a checkout."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True).stdout.strip()

    try:
        commit = git("rev-parse", "--short=12", "HEAD") or "unknown"
        changed = commit != "unknown" and git("status", "--porcelain", "--untracked-files=no")
        return f"{commit}+changes" if changed else commit
    except FileNotFoundError:
        return "unknown"
