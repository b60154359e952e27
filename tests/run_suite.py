# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One pytest process per folder of tests/, then one line with the sums. Started by run_tests.sh.

The apps each have a `utils.py` and a `model.py` of their own, so their tests cannot share a process.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PARALLEL = ["-n", "2", "--dist", "loadscope"]  # words given later on the command line win
TAKES_A_WORD = {"-k", "-m", "-n", "-p", "-c", "-o", "-W"}  # what follows these is a value, never a path
NOTHING_COLLECTED = 5  # pytest's exit code where no test matches


def folders(tests: Path) -> list[Path]:
    return sorted(folder for folder in tests.iterdir() if any(folder.rglob("test_*.py")))


def plan(words: list[str], tests: Path) -> list[list[str]]:
    """The pytest words of each process: every folder, or, where paths are given, those sorted by their folder."""
    paths: dict[Path, list[str]] = {}
    others = []
    for before, word in zip(["", *words], words, strict=False):
        name, *node = word.split("::")
        here = Path(name).resolve()
        place = here if here.exists() else tests.parent / name  # from here, or from the top of the checkout
        if before in TAKES_A_WORD or word.startswith("-") or not place.is_relative_to(tests) or not place.exists():
            others.append(word)
        elif place == tests:
            return plan([other for other in words if other != word], tests)
        else:
            folder = tests / place.relative_to(tests).parts[0]
            paths.setdefault(folder, []).append("::".join([str(place), *node]))
    return [[*others, *group] for group in paths.values()] or [[*others, str(folder)] for folder in folders(tests)]


def run_pytest(words: list[str], root: Path) -> tuple[int, int, int, int]:
    """(passed, failed, skipped, exit code) of one process."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", *PARALLEL, *words, f"--junitxml={record}"]
        code = subprocess.run(command, cwd=root).returncode
        passed, failed, skipped = count(record) if record.exists() else (0, 0, 0)
    if code not in (0, NOTHING_COLLECTED) and not failed:
        print(f"pytest ended with code {code} without naming a failed test; counted as one failure")
        failed = 1
    return passed, failed, skipped, code


def count(record: Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) test cases of a JUnit file; an error while setting up or tearing down is a failure."""
    ends: dict[tuple, str] = {}
    for case in ElementTree.parse(record).iter("testcase"):
        name = (case.get("classname"), case.get("name"))
        kinds = {child.tag for child in case}
        end = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        if ends.get(name) != "failed":  # a case whose teardown fails is listed twice
            ends[name] = end
    return tuple(list(ends.values()).count(end) for end in ("passed", "failed", "skipped"))


def main(words: list[str]) -> int:
    start = time.monotonic()
    results = []
    for group in plan(words, TESTS):
        print(f"== {group[-1]}", flush=True)
        results.append(run_pytest(group, TESTS.parent))
    passed, failed, skipped = (sum(result[column] for result in results) for column in range(3))
    print(f"{len(results)} processes, {time.monotonic() - start:.0f} s")
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    if failed:
        return 1
    return 0 if passed + skipped else NOTHING_COLLECTED


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes of `-n` share the cores
    sys.exit(main(sys.argv[1:]))
