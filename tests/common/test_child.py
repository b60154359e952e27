# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import subprocess
import sys
from pathlib import Path

from common.child import run_child
from common.cli import EnvironmentLacks, UserError

import pytest

CHILD = """
import os, sys
from common.child import child_main
from common.cli import EnvironmentLacks, UserError

def answer(do, value=None):
    if do == "sum":
        print("chatter on stdout")
        os.write(1, b"chatter from a C++ library\\n")
        return {"sum": sum(value)}
    if do == "where":
        return {"folder": os.getcwd(), "new": os.environ.get("A_NEW_ONE"), "gone": os.environ.get("TO_BE_GONE")}
    if do == "user":
        raise UserError("data.txt:3: three\\nfields; give four")
    if do == "environment":
        raise EnvironmentLacks("no such engine")
    if do == "bug":
        return {"sum": 1 // 0}
    if do == "crash":
        print("last words", file=sys.stderr, flush=True)
        os.abort()
    if do == "hang":
        import time
        time.sleep(60)
    if do == "list":
        return [1, 2]

child_main(answer)
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch) -> str:
    (tmp_path / "a_child.py").write_text(CHILD)
    (tmp_path / "a_mute_child.py").write_text("print('not JSON')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "a_child"


def test_a_child_answers_whatever_its_libraries_print(child):
    assert run_child(child, {"do": "sum", "value": [1, 2, 3]}) == {"sum": 6}


def test_a_child_works_in_another_folder_and_environment(child, tmp_path, monkeypatch):
    monkeypatch.setenv("TO_BE_GONE", "1")
    monkeypatch.delenv("PYTHONPATH")  # the module is found by its folder alone
    environment = {"A_NEW_ONE": "2", "TO_BE_GONE": None}
    answer = run_child(child, {"do": "where"}, folder=tmp_path, environment=environment)
    assert answer == {"folder": str(tmp_path), "new": "2", "gone": None}


def test_a_childs_expected_failures_keep_their_kind(child):
    with pytest.raises(UserError, match=r"^data.txt:3: three fields; give four$"):
        run_child(child, {"do": "user"})
    with pytest.raises(EnvironmentLacks, match=r"^no such engine$"):
        run_child(child, {"do": "environment"})


def test_a_childs_crash_is_told_with_its_last_line(child):
    with pytest.raises(RuntimeError, match=r"exit code 1: ZeroDivisionError"):
        run_child(child, {"do": "bug"})
    with pytest.raises(RuntimeError, match=r"signal SIGABRT: last words"):
        run_child(child, {"do": "crash"})
    with pytest.raises(RuntimeError, match="no answer after 2 s"):
        run_child(child, {"do": "hang"}, timeout=2)
    with pytest.raises(RuntimeError, match="not an object"):
        run_child(child, {"do": "list"})
    with pytest.raises(RuntimeError, match="not JSON"):
        run_child("a_mute_child", {})
    with pytest.raises(RuntimeError, match="No module named"):
        run_child("no_such_child", {})


def test_stdout_comes_back():
    script = (
        "import os; from common.child import stdout_to_stderr\n"
        "with stdout_to_stderr(): print('python'); os.write(1, b'library\\n')\n"
        "print('out')"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "out\n" and sorted(result.stderr.split()) == ["library", "python"]
