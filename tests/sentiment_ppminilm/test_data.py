# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""data.py: the label file, the three columns, and rows as the model reads them."""

import common  # noqa: F401  before paddle
from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer

import numpy as np
import pytest
import tiny_bundle
from data import Example, LabelSet, collate, make_rows, read_examples, read_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("0\n1\n", LabelSet(["0", "1"])),
        ("0\tnegative\r\n1\tpositive\r\n", LabelSet(["0", "1"], ["negative", "positive"])),
    ],
)
def test_labels_with_and_without_names(tmp_path, text, labels):
    path = tmp_path / "label.dict"
    path.write_bytes(text.encode())
    assert read_labels(path) == labels


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0\n", "only 1 label"),
        ("0\tnegative\n1\n", "label.dict:2: every line is a label, or every line a label, a tab and its name"),
        ("0\n\n1\n", "label.dict:2: blank"),
        ("0\n0\n", "label.dict:2: `0` stands there twice"),
    ],
)
def test_label_files_that_are_refused(tmp_path, text, said):
    path = tmp_path / "label.dict"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_labels(path)
    assert said in str(caught.value)


def test_lines_become_examples_and_empty_columns_are_refused(tmp_path):
    labels, path = LabelSet(["0", "1"]), tmp_path / "dev.txt"
    path.write_text("1\t服务很好\t老板服务很好\n", encoding="utf-8")
    assert read_examples(path, labels) == [Example("1", "服务很好", "老板服务很好")]
    path.write_text("1\t \t老板服务很好\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"dev.txt:1: the aspect is empty; fill it in or delete the line"):
        read_examples(path, labels)


def test_rows_are_cut_and_batches_are_padded_to_the_longest(capsys):
    examples = [Example("1", "好吃", "很好"), Example("0", "好", "很好吃很好吃")]
    rows = make_rows(examples, WordPieceTokenizer(tiny_bundle.TOKENS), LabelSet(["0", "1"]), 8)
    assert [len(row.ids) for row in rows] == [7, 8] and [row.label for row in rows] == [1, 0]
    assert capsys.readouterr().err == "1 of 2 texts are cut at 8 tokens\n"
    batch = collate(rows)
    assert batch["input_ids"].shape == batch["token_type_ids"].shape == (2, 8)
    assert batch["input_ids"][0, 7] == 0 and batch["token_type_ids"][0].tolist() == [0, 0, 0, 0, 1, 1, 1, 0]
    np.testing.assert_array_equal(batch["label"], [1, 0])
