# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""performance_test.py called as a user does, on the folder of the fixture `place`."""

from calls import Ended, call

WRONG = (3, 11, 20)  # rows of test.txt with another label than the FP32 model's


def run(*words) -> Ended:
    return call("performance_test", *words)


def refused(ended: Ended, code: int, said: str) -> None:
    assert ended.code == code, ended.err
    assert said in ended.err and ended.err.startswith("error: ") and ended.err.count("\n") == 1


def figures(ended: Ended) -> dict[str, str]:
    assert ended.code == 0, ended.err
    return dict(line.split(": ", 1) for line in ended.out.splitlines())
