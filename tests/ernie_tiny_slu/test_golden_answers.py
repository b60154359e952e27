# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The 10,000 sentences that C++ and Java are compared with: the same ones every time, and answered by the rules."""

import hashlib
import json
import runpy
import sys
from pathlib import Path

import pytest

MAKER = Path(__file__).resolve().parents[1] / "golden" / "make_answers.py"
SHA256 = "8f3b6362db839c49eed4cb6d493010060b06988dadb0e03599126e5fbba6182a"


@pytest.fixture(scope="module")
def lines() -> list[str]:
    before = list(sys.path)
    try:
        return runpy.run_path(str(MAKER))["lines"](10_000)
    finally:
        sys.path[:] = before


def test_the_answers_are_those_that_the_clients_were_compared_with(lines):
    """A change here is a change of every client: make it in C++ and Java too, then write the new digest."""
    assert hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest() == SHA256


def test_every_kind_of_sentence_is_among_them(lines):
    cases = [json.loads(line) for line in lines[1:]]
    answers = [json.loads(case["answer"]) for case in cases]
    assert len({case["text"] for case in cases}) == 10_000
    assert {case["decoder"] for case in cases} == {"argmax", "bio", "crf"}
    cut_inside = [
        case
        for case, answer in zip(cases, answers, strict=True)
        if case["truncated"] and answer["slots"] and answer["slots"][-1]["pos"][1] + 1 == case["offsets"][-2][1]
    ]
    assert len(cut_inside) > 1000 and sum(answer.get("reason") == "empty" for answer in answers) > 1000
    assert len({answer["confidence"] for answer in answers}) > 1000, "or rounding would hardly be compared"


def test_entities_are_cut_from_the_text_and_texts_come_back(lines):
    for case in map(json.loads, lines[1:]):
        answer = json.loads(case["answer"])
        assert answer["text"] == case["text"]
        for slot in answer["slots"]:
            first, last = slot["pos"]
            assert slot["entity"] == case["text"][first : last + 1] != ""
