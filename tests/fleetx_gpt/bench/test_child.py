# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a model is timed on."""

import common  # noqa: F401  before paddle

from bench import child


def test_what_a_model_is_timed_on():
    class Words:
        def encode(self, text):
            return [len(word) for word in text.split()]

    rows = child.whole_rows(Words(), ["a bb ccc"], 5)
    assert [row.shape for row in rows] == [(1, 5)] * child.INPUTS and rows[0].tolist() == [[1, 2, 3, 1, 2]]
    assert child.prompts(["a b"]) == ["a b"] * child.PROMPTS
    long = child.prompts([" ".join(map(str, range(100)))])
    assert long[1] == "8 9 10 11 12 13 14 15"
