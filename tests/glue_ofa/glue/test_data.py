# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""GLUE's layouts, as they are published and as we have them; bad lines; the slice that is held back."""

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer

import numpy as np
import pytest
import tiny_glue
from glue import data, tasks
from glue.data import Example, Row
from tiny_glue import table

LAYOUTS = {
    "SST-2": ("sentence\tlabel\nit 's a charm . \t1\n", Example("1", "it 's a charm . ")),
    "CoLA": ("gj04\t1\t\tOne more.\nclc95\t0\t*\tOne the more.\n", Example("1", "One more.")),
    "MRPC": (
        '\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t7\t8\t" Hello , he said .\tHe said " hello .\n',
        Example("0", '" Hello , he said .', 'He said " hello .'),
    ),
    "STS-B": (
        table(
            "index", "genre", "filename", "year", "old_index", "source1", "source2", "sentence1", "sentence2", "score",
            rows=[(0, "main", "MSRvid", "2012test", "0001", "none", "none", "A plane.", "An air plane.", "4.250")],
        ),
        Example("4.250", "A plane.", "An air plane."),
    ),
    "QQP": (
        table("id", "qid1", "qid2", "question1", "question2", "is_duplicate", rows=[(1, 2, 3, "Why?", "How?", 0)]),
        Example("0", "Why?", "How?"),
    ),
    "QNLI": ("index\tquestion\tsentence\tlabel\r\n0\tWho?\tHe.\tentailment\r\n", Example("entailment", "Who?", "He.")),
    "RTE": ("index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tnot_entailment\n", Example("not_entailment", "A.", "B.")),
    "MNLI": (
        table(*[f"c{n}" for n in range(8)], "sentence1", "sentence2", "label1", "gold_label",
              rows=[(*range(8), "A.", "B.", "entailment", "neutral")]),
        Example("neutral", "A.", "B."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", tasks.TASKS)
def test_every_task_in_its_published_layout(name, tmp_path):
    content, expected = LAYOUTS[name]
    (tmp_path / "train.tsv").write_bytes(content.encode())
    assert data.read(tasks.find(name), tmp_path, "train")[0] == expected


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "train", "dev"),
    [
        ("SST-2", 57221, 747), ("CoLA", 7264, 889), ("MRPC", 3103, 342), ("RTE", 2106, 246), ("STS-B", 4895, 1265),
        ("QNLI", 8496, 4644), ("MNLI", 7633, 864), ("QQP", 7631, 866),
    ],
)  # fmt: skip
def test_the_real_sets_are_read_to_the_last_line(name, train, dev, shared_data):
    task, folder = tasks.find(name), shared_data / "glue"
    assert data.dev_splits(task, folder) == ("dev",)
    assert len(data.read(task, folder, "train")) == train
    assert len(data.read(task, folder, "dev")) == dev


def test_mnli_has_two_dev_sets_or_one(tiny, tmp_path):
    task = tasks.find("mnli")
    assert data.dev_splits(task, tiny.data) == ("dev_matched", "dev_mismatched")
    assert data.dev_splits(task, None) == ("dev_matched", "dev_mismatched")
    (tmp_path / "dev.tsv").write_text("")
    assert data.dev_splits(task, tmp_path) == ("dev",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("SST-2", "text\tlabel\na\t1\n", "train.tsv:1: no column `sentence`"),
        ("SST-2", "sentence\tlabel\n", "only a header"),
        ("SST-2", "sentence\tlabel\na\t1\tb\n", "train.tsv:2: expected 2 tab-separated fields, got 3"),
        ("SST-2", "sentence\tlabel\n \t1\n", "train.tsv:2: text 1 is empty"),
        ("SST-2", "sentence\tlabel\na\t2\n", "train.tsv:2: unknown label `2`; SST-2 has 0, 1"),
        ("RTE", "sentence1\tsentence2\tlabel\na\tb\tentailmnt\n", "(did you mean `entailment`?)"),
        ("CoLA", "gj04\t1\tno fourth\n", "train.tsv:1: expected 4 tab-separated fields, got 3"),
        ("STS-B", "sentence1\tsentence2\tscore\na\tb\t5.5\n", "`5.5` is no score of STS-B, which are 0 to 5"),
        ("STS-B", "sentence1\tsentence2\tscore\na\tb\tnan\n", "is no score"),
        ("SST-2", "", "train.tsv:1: no column"),
    ],
)
def test_bad_files(name, content, message, tmp_path):
    (tmp_path / "train.tsv").write_text(content)
    with pytest.raises(UserError) as caught:
        data.read(tasks.find(name), tmp_path, "train")
    assert message in str(caught.value)


def test_bad_lines_are_left_out_when_asked(tmp_path, capsys):
    (tmp_path / "train.tsv").write_text("sentence\tlabel\na\t1\nb\nc\t0\n")
    found = data.read(tasks.find("SST-2"), tmp_path, "train", skip_bad_lines=True)
    assert [each.first for each in found] == ["a", "c"]
    assert "left out 1 of 4 lines" in capsys.readouterr().err


def test_a_folder_without_the_task_says_what_it_holds(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(UserError, match=r"train\.tsv: no such file of RTE \(--data_dir\); .* holds: notes\.txt"):
        data.read(tasks.find("RTE"), tmp_path, "train")


def test_the_hub_gives_labels_by_number_and_scores_as_text(monkeypatch):
    from paddlenlp import datasets

    rows = {
        "rte": {"sentence1": "A.", "sentence2": "B.", "labels": 1},
        "sts-b": {"sentence1": "A", "sentence2": "B", "labels": "2.5"},
    }
    monkeypatch.setattr(datasets, "load_dataset", lambda _, name, splits: [rows[name]])
    assert data.read(tasks.find("RTE"), None, "train") == [Example("not_entailment", "A.", "B.")]
    assert data.read(tasks.find("STS-B"), None, "dev") == [Example("2.5", "A", "B")]


def test_a_hub_that_is_not_there_names_the_flag(monkeypatch):
    from paddlenlp import datasets

    def unreachable(*_, **__):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(UserError) as caught:
        data.read(tasks.find("QQP"), None, "train")
    assert str(caught.value) == (
        "QQP: its data cannot be downloaded (ConnectionError); give its files by --data_dir DIR"
    )


def test_what_is_held_back_is_the_same_every_time_and_shares_no_first_text():
    examples = [Example("0", f"text {n // 3}", f"other {n}") for n in range(90)]
    train, chosen = data.hold_back(examples, 0.2)
    assert len(train) + len(chosen) == 90 and 15 <= len(chosen) <= 21
    assert not {each.first for each in train} & {each.first for each in chosen}
    assert data.hold_back(list(examples), 0.2) == (train, chosen)


def test_rows_of_one_text_and_of_two():
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b"])
    one = data.make_rows(tasks.find("CoLA"), [Example("1", "a b")], tokenizer, 8)[0]
    two = data.make_rows(tasks.find("STS-B"), [Example("2.5", "a b", "b")], tokenizer, 8)[0]
    assert one == Row(0, [2, 4, 5, 3], [0, 0, 0, 0], 1)
    assert two == Row(0, [2, 4, 5, 3, 5, 3], [0, 0, 0, 0, 1, 1], 2.5)
    batch = data.collate([two, Row(1, [2, 4, 3, 5, 3], [0, 0, 0, 1, 1], 0.0)])
    assert batch["label"].dtype == np.float32 and batch["label"].tolist() == [2.5, 0.0]
    assert batch["input_ids"].tolist()[1] == [2, 4, 3, 5, 3, 0] and batch["token_type_ids"][1].tolist()[-1] == 0
    assert data.collate([one])["label"].dtype == np.int64


def test_texts_that_are_cut_are_counted(capsys):
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"])
    rows = data.make_rows(tasks.find("CoLA"), [Example("1", "a a a a a"), Example("0", "a")], tokenizer, 5)
    assert [len(row.ids) for row in rows] == [5, 3]
    assert capsys.readouterr().err == "1 of 2 texts are cut at 5 tokens\n"


def test_the_tiny_data_are_what_the_docstring_says():
    assert len(tiny_glue.remarks()) == 96
