# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Reading names the fault's place; writing never leaves half a file or half a folder, whatever kills it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from common import files
from common.cli import UserError

import pytest


def fault_of(call, *arguments) -> str:
    with pytest.raises(UserError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_missing_file_lists_its_neighbours(tmp_path):
    for name in ("dev.txt", "train.txt"):
        (tmp_path / name).write_text("x")
    message = fault_of(files.require, tmp_path / "test.txt", "data file")
    assert message == f"{tmp_path}/test.txt: no such data file; {tmp_path}/ holds: dev.txt, train.txt"


def test_a_missing_folder_lists_the_nearest_one_that_is_there(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    message = fault_of(files.require, tmp_path / "output" / "best" / "model.onnx", "model")
    assert f"{tmp_path}/ holds: checkpoints" in message
    assert "holds: nothing" in fault_of(files.require, tmp_path / "checkpoints" / "best", "checkpoint")
    (tmp_path / "plain").write_text("x")
    assert "holds: checkpoints, plain" in fault_of(files.require, tmp_path / "plain" / "below", "file")


def test_relative_paths(tmp_path, monkeypatch):
    (tmp_path / "here.txt").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert files.require("here.txt", "file") == Path("here.txt")
    assert "holds: here.txt" in fault_of(files.require, "gone/deep.txt", "file")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ""),
        ("播放\n".encode(), "播放\n"),
        (b"\xef\xbb\xbfa\r\nb", "a\r\nb"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", "\ufeffa"),  # only one mark is a mark
    ],
)
def test_text(tmp_path, content, expected):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    assert files.read_text(path) == expected


@pytest.mark.parametrize(
    ("content", "line", "byte", "value", "guess"),
    [
        ("好\n播放音乐\n".encode("gb18030"), 1, 0, "0xba", "gb18030"),
        (b"ok\ncaf\xe9 au lait\n", 2, 6, "0xe9", "latin-1"),
        (b"\xef\xbb\xbfok\ncaf\xe9 au lait\n", 2, 9, "0xe9", "latin-1"),
        ("ok".encode("utf-16"), 1, 0, "0xff", "utf-16"),
    ],
)
def test_text_that_is_not_utf8(tmp_path, content, line, byte, value, guess):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    message = fault_of(files.read_text, path)
    assert message.startswith(f"{path}:{line}: byte {byte} ({value}) is not UTF-8, it looks like {guess}")
    assert f"iconv -f {guess} -t utf-8" in message


def test_what_is_no_text_at_all(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"\x80\x00\x00\x01")
    message = fault_of(files.read_text, path)
    assert "byte 0 (0x80) is not UTF-8" in message and "iconv" not in message


def test_a_folder_in_a_files_place(tmp_path):
    assert "is a folder, expected a label file" in fault_of(files.read_text, tmp_path, "label file")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ('{"a": 1,\n "b": }', ":2: not JSON"),
        ("", ":1: not JSON"),
        ("[" * 100_000, ": not usable JSON"),
    ],
)
def test_json_that_is_none(tmp_path, content, part):
    path = tmp_path / "a.json"
    path.write_text(content)
    assert f"{path}{part}" in fault_of(files.read_json, path)


@pytest.mark.parametrize(
    "content", [{"entity": "刘德华", "pos": [3, 5]}, {"broken": "a\ud800b"}, [], None, "😀\\ud800"]
)
def test_json_there_and_back(tmp_path, content):
    path = tmp_path / "new" / "a.json"
    files.write_json(path, content)
    assert files.read_json(path) == content
    assert json.loads(path.read_bytes().decode("utf-8")) == content
    assert path.read_bytes().endswith(b"\n")


def test_chinese_is_written_readably(tmp_path):
    files.write_json(tmp_path / "a.json", {"entity": "刘德华"})
    assert "刘德华" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_sha256(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")  # the standard's own example
    assert files.sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_cannot_be_written_leaves_the_old_content(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"old": True})
    with pytest.raises(TypeError):
        files.write_json(path, {"new": object()})
    with pytest.raises(UnicodeEncodeError):
        files.write_text(path, "\ud800")
    assert files.read_json(path) == {"old": True}
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def start(code: str, *words: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, text=True)


def test_kill_9_in_the_middle_of_a_write_keeps_the_old_content(tmp_path):
    """The process stops itself between the write and the rename, where the temporary file is complete but unnamed."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")
    code = (
        "import os, sys, time\nfrom common import files\n"
        "files.os.fsync = lambda number: (print('written', flush=True), time.sleep(60))\n"
        "files.write_bytes(sys.argv[1], b'new' * 1000000)"
    )
    process = start(code, path)
    assert process.stdout.readline() == "written\n"
    assert path.read_bytes() == b"old"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert path.read_bytes() == b"old"
    files.write_bytes(path, b"newer")
    assert path.read_bytes() == b"newer"


WRITE_FOREVER = """
import sys
from common import files
path, number = sys.argv[1], 0
while True:
    number += 1
    with files.replacing_folder(path) as folder:
        for name in "abc":
            (folder / name).write_text(str(number))
    if number == 3:
        print("going", flush=True)
"""


def test_kill_9_at_any_moment_leaves_a_whole_folder(tmp_path):
    path = tmp_path / "checkpoint"
    for attempt in range(8):
        process = start(WRITE_FOREVER, path)
        assert process.stdout.readline() == "going\n"
        time.sleep(0.003 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert sorted(entry.name for entry in path.iterdir()) == ["a", "b", "c"]
        assert len({entry.read_text() for entry in path.iterdir()}) == 1


def test_a_folder_is_there_at_every_moment(tmp_path):
    """A reader beside the writer never finds the name missing (the swap is one system call on Linux)."""
    path = tmp_path / "checkpoint"
    process = start(WRITE_FOREVER, path)
    try:
        assert process.stdout.readline() == "going\n"
        first = (path / "a").read_text()
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            assert os.path.isdir(path)
        assert (path / "a").read_text() != first, "the writer did not go on"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("swap", [True, False])
def test_replacing_a_folder(tmp_path, monkeypatch, swap):
    if not swap:
        monkeypatch.setattr(files, "_exchange", lambda first, second: False)
    path = tmp_path / "deep" / "bundle"
    for text in ("one", "two"):
        with files.replacing_folder(path) as folder:
            (folder / "a").write_text(text)
            (folder / f"only {text}").write_text(text)
        assert sorted(entry.name for entry in path.iterdir()) == ["a", f"only {text}"]
        assert (path / "a").read_text() == text
    assert [entry.name for entry in path.parent.iterdir()] == ["bundle"]


@pytest.mark.parametrize("fault", [UserError, KeyboardInterrupt, SystemExit])
def test_a_failure_keeps_the_old_folder(tmp_path, fault):
    path = tmp_path / "bundle"
    with files.replacing_folder(path) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(fault), files.replacing_folder(path) as folder:
        (folder / "a").write_text("half")
        raise fault("stop")
    assert (path / "a").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


def test_a_failure_between_the_two_renames_puts_the_old_folder_back(tmp_path, monkeypatch):
    path = tmp_path / "bundle"
    path.mkdir()
    (path / "a").write_text("old")
    rename = Path.rename

    def fails_on_the_new_one(self, target):
        if self.name.endswith(".part"):
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(files, "_exchange", lambda first, second: False)
    monkeypatch.setattr(Path, "rename", fails_on_the_new_one)
    with pytest.raises(KeyboardInterrupt), files.replacing_folder(path) as folder:
        (folder / "a").write_text("new")
    assert (path / "a").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


def test_a_file_in_a_folders_place_is_not_replaced(tmp_path):
    path = tmp_path / "bundle"
    path.write_text("mine")
    with pytest.raises(UserError, match="is a file, expected a folder"), files.replacing_folder(path):
        pass
    assert path.read_text() == "mine"


def test_git_commit_is_short_or_unknown(monkeypatch, tmp_path):
    assert len(files.git_commit().removesuffix("+changes")) in (7, 12)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert files.git_commit() == "unknown"
