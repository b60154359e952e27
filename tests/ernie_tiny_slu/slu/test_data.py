# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Examples as the model reads them: ids and tags of one length, cut ones counted, batches padded."""

from common.data.tokenizer import WordPieceTokenizer

from slu.data import Labels, collate, read_rows

LABELS = Labels(["OTHERS", "music.play"], ["O", "B-song", "I-song"])
VOCABULARY = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "放", "花", "心"]


def rows(tmp_path, max_length: int):
    path = tmp_path / "some.txt"
    path.write_text("1\t放花心\tmusic.play\t放<song>花心</song>\n2\t放\tOTHERS\t放\n", encoding="utf-8")
    return read_rows(path, WordPieceTokenizer(VOCABULARY), LABELS, max_length)


def test_a_batch_is_padded_to_its_longest_row(tmp_path):
    batch = collate(rows(tmp_path, 16))
    assert batch["input_ids"].tolist() == [[1, 5, 6, 7, 2], [1, 5, 2, 0, 0]]
    assert batch["slot_label"].tolist() == [[-100, 0, 1, 2, -100], [-100, 0, -100, -100, -100]]
    assert batch["intent_label"].tolist() == [1, 0] and batch["row"].tolist() == [0, 1]
    assert {array.dtype.name for array in batch.values()} == {"int64"}


def test_what_is_cut_is_counted(tmp_path, capsys):
    cut, whole = rows(tmp_path, 4)
    assert cut.ids == [1, 5, 6, 2] and whole.ids == [1, 5, 2]
    assert capsys.readouterr().err == "1 of 2 texts are cut at 4 tokens, 1 lose part of a slot\n"
