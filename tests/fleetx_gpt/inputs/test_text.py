# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Texts, their parts and their blocks."""

from common.cli import UserError

import numpy as np
import pytest
from fleetx.inputs import text
from fleetx.inputs.tokenizer import BytePairs

STORY = "the cat sat on the mat and the dog sat on the log, 今天天气很好 \U0001f600\r\n\tend."


@pytest.fixture(scope="module")
def tokenizer():
    return BytePairs.trained([STORY * 5], 300)


def test_texts_and_their_parts(tmp_path, tokenizer):
    (tmp_path / "b.txt").write_text("second\n", encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"text": "first"}\n\n{"text": "next", "more": 1}\n', encoding="utf-8")
    (tmp_path / "notes.md").write_text("not read")
    assert text.corpus(tmp_path, "key") == ["first", "next", "second\n"]
    tokens = text.tokens_of(["ab", "c"], tokenizer)
    assert tokens.tolist() == [*tokenizer.encode("ab"), tokenizer.end, *tokenizer.encode("c"), tokenizer.end]
    parts = [text.part_of(np.arange(1000), (949, 50, 1), n) for n in range(3)]
    assert [len(part) for part in parts] == [949, 50, 1] and np.concatenate(parts).tolist() == list(range(1000))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "x"}\n{"txt": 1}\n', 'a.jsonl:2: expected {"text": "…"}, got {"txt": 1}'),
        ("a.jsonl", "nonsense\n", "a.jsonl:1: expected"),
        ("a.txt", " \n", "a.txt: is empty"),
        ("a.md", "x", "holds no .txt and no .jsonl file"),
    ],
)
def test_bad_texts(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError) as fault:
        text.corpus(tmp_path, "Data.Train.dataset.input_dir")
    assert message in str(fault.value)


def test_blocks_tell_the_next_token():
    blocks = text.Blocks(np.arange(11, dtype="int32"), 5)
    assert len(blocks) == 2 and len(text.Blocks(np.arange(10), 5)) == 1 and len(text.Blocks(np.arange(0), 5)) == 0
    ids, labels = blocks.batch(np.array([1, 0]))
    assert ids.tolist() == [[5, 6, 7, 8, 9], [0, 1, 2, 3, 4]] and (labels == ids + 1).all() and ids.dtype == "int64"
