# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Reading and writing files so that a fault names its place and nothing saved is ever half overwritten."""

import contextlib
import ctypes
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from common.cli import UserError

GUESSES = ("gb18030", "big5", "latin-1")  # the last one reads anything
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # from Linux's fcntl.h and fs.h


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
        UserError: no such file, a folder, or bytes that are not UTF-8 (names the byte and guesses the encoding).
    """
    if require(path, what).is_dir():
        raise UserError(f"{path}: is a folder, expected a {what}; name a file in it")
    raw = Path(path).read_bytes()
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        guess = _guess_encoding(raw)
        mend = f"it looks like {guess}; convert it, for example: iconv -f {guess} -t utf-8" if guess else "nor any text"
        raise UserError(f"{path}:{line}: byte {fault.start} (0x{raw[fault.start]:02x}) is not UTF-8, {mend}") from None


def _guess_encoding(raw: bytes) -> str | None:
    """None for what does not look like text."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in raw:
        return None
    for name in GUESSES:
        with contextlib.suppress(UnicodeDecodeError):
            raw.decode(name)
            return name
    return None


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
    text = json.dumps(content, ensure_ascii=False, indent=2)
    # A lone surrogate (broken user text) has no UTF-8 form; JSON can still spell it.
    text = re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)
    write_text(path, text + "\n")


def read_json(path: Path | str, what: str = "JSON file") -> Any:
    try:
        return json.loads(read_text(path, what))
    except json.JSONDecodeError as fault:
        raise UserError(f"{path}:{fault.lineno}: not JSON: {fault.msg}") from None
    except (RecursionError, ValueError) as fault:  # nested too deep; a number of thousands of digits
        raise UserError(f"{path}: not usable JSON: {fault}") from None


@contextlib.contextmanager
def replacing_folder(path: Path | str) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place when the block ends well, and vanishes when it does not.

    Where the system can swap two names in one step (Linux), there is no moment without a whole folder at `path`.

    Raises:
        UserError: `path` is a file.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise UserError(f"{path}: is a file, expected a folder; move it away or name another")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        if not path.exists():
            temporary.rename(path)
        elif not _exchange(temporary, path):
            _replace_in_two_steps(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)  # the unfinished new one, or the old one after the swap


def _exchange(first: Path, second: Path) -> bool:
    """Swap two names at once by renameat2(2); False where the C library or the file system has no such call."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return renameat2(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE) == 0


def _replace_in_two_steps(new: Path, path: Path) -> None:
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    shutil.rmtree(old, ignore_errors=True)
    try:
        path.rename(old)
        new.rename(path)
    except BaseException:
        if old.exists() and not path.exists():
            old.rename(path)
        raise
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


def check_not_there(paths: Iterable[Path], overwrite: bool) -> None:
    """Raises `UserError` that names the files which are there already, unless they may be overwritten."""
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise UserError(f"{', '.join(map(str, there))}: already there; pass --overwrite to replace")


def check_output(source: Path, target: Path, overwrite: bool) -> None:
    """Before a part of `source` is written to `target`.

    Raises:
        UserError: they are one file, or `target` is there already and may not be overwritten.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise UserError(f"{target}: is the input itself; give --output another name")
    check_not_there([target], overwrite)
