# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The two lists of packages and their locks: the same but for Paddle's build, hashed, and bound to no registry."""

import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-gpu.lock"]


def wanted(name: str) -> list[str]:
    lines = (REPO / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pins(name: str) -> dict[str, str]:
    """Package -> version of a lock."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (REPO / name).read_text(), flags=re.MULTILINE))


def test_the_lists_differ_only_in_paddles_build():
    cpu, gpu = wanted("requirements.in"), wanted("requirements-gpu.in")
    assert [(a, b) for a, b in zip(cpu, gpu, strict=True) if a != b] == [
        ("paddlepaddle==2.6.2", "paddlepaddle-gpu==2.6.2")
    ]


def test_the_locks_agree_on_everything_else():
    cpu, gpu = pins(LOCKS[0]), pins(LOCKS[1])
    assert cpu.pop("paddlepaddle") == gpu.pop("paddlepaddle-gpu") == "2.6.2"
    assert cpu == gpu


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry(lock):
    text = (REPO / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b", text, flags=re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_a_hash(lock):
    text = (REPO / lock).read_text()
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(lock)) > 100
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(("list_name", "lock"), [("requirements.in", LOCKS[0]), ("requirements-gpu.in", LOCKS[1])])
def test_a_lock_holds_what_its_list_asks_for(list_name, lock):
    locked = pins(lock)
    for line in wanted(list_name):
        name, *exact = line.split("==")
        name = re.split(r"[<>=!~]", name)[0]
        assert name in locked
        if exact:
            assert locked[name] == exact[0]


@pytest.mark.parametrize("tool", ["pip", "setuptools"])
def test_what_a_uv_made_environment_lacks_is_locked(tool):
    """PaddleNLP imports both; an environment that uv made has neither unless the lock brings it."""
    assert tool in pins(LOCKS[0])
