# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What fine-tuning starts from, what it records, and how it scores."""

from dataclasses import dataclass

from common import files
from common.cli import UserError
from common.data import vocabulary
from common.models import checkpoint
from common.train import finetune

import numpy as np
import pytest
from small_classifiers import FLAG, SHAPE, TEXTS, ErnieForTokens, build, families, tokens

HEADS = {"num_labels": 3}


@pytest.fixture
def saved(tmp_path):
    """A checkpoint folder of ErnieForTokens."""
    vocabulary.write(tmp_path / "words.txt", tokens())
    folder = tmp_path / "checkpoint"
    checkpoint.save(build(ErnieForTokens, HEADS), tmp_path / "words.txt", folder, {"app": "an_app"})
    return folder


def test_a_checkpoint_is_taken_with_its_own_vocabulary(saved, tmp_path):
    network, words = finetune.start(families(ErnieForTokens), str(saved), HEADS, FLAG, tmp_path)
    assert words == saved / "vocab.txt" and network.config.num_labels == 3
    before = build(ErnieForTokens, HEADS).state_dict()
    for name, value in network.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name].numpy(), err_msg=name)


def test_a_folder_without_a_vocabulary_is_named(saved, tmp_path):
    (saved / "vocab.txt").unlink()
    with pytest.raises(UserError, match=r"vocab\.txt: no such vocabulary"):
        finetune.vocabulary_of(str(saved), tmp_path)


def test_from_scratch_writes_a_vocabulary_of_the_tables_size(tmp_path, capsys):
    network, words = finetune.from_scratch(
        families(ErnieForTokens), "ernie-test", HEADS, FLAG, tmp_path, TEXTS, num_hidden_layers=1
    )
    lines = words.read_text(encoding="utf-8").splitlines()
    assert len(lines) == SHAPE["vocab_size"] == network.config.vocab_size and "放" in lines
    assert network.config.num_hidden_layers == 1
    assert "from scratch: ernie-test with random weights" in capsys.readouterr().out


def test_what_does_not_fit_is_said_with_both_numbers(tmp_path):
    network = build(ErnieForTokens, HEADS)
    vocabulary.write(tmp_path / "vocab.txt", tokens())
    finetune.check_fit(network, tmp_path / "vocab.txt", 12, "--max_length")
    with pytest.raises(UserError, match="--max_length 13: the model's position table has 12 rows"):
        finetune.check_fit(network, tmp_path / "vocab.txt", 13, "--max_length")
    vocabulary.write(tmp_path / "vocab.txt", tokens()[:-1])
    with pytest.raises(UserError, match="29 tokens, but the model's word table has 30 rows"):
        finetune.check_fit(network, tmp_path / "vocab.txt", 12, "--max_length")


def test_a_record_keeps_data_arguments_and_metrics(tmp_path):
    (tmp_path / "train.txt").write_text("a\nb\n", encoding="utf-8")
    data = (tmp_path / "train.txt", None)
    record = finetune.record("an_app", {"seed": 7, "rate": 0.5}, "original", {"f1": 0.5}, data, labels=["x"])
    assert (record["seed"], record["labels"], record["metrics"]) == (7, ["x"], {"f1": 0.5})
    assert record["arguments"] == {"seed": "7", "rate": "0.5"} and record["from_scratch"] is False
    assert [(each["rows"], len(each["sha256"])) for each in record["data"]] == [(2, 64)]


def test_another_apps_record_is_refused(tmp_path):
    files.write_json(tmp_path / checkpoint.RECORD, {"app": "another"})
    with pytest.raises(UserError, match="not written by an_app"):
        finetune.record_of(tmp_path, "an_app")
    with pytest.raises(UserError, match="no such record of the training"):
        finetune.record_of(tmp_path / "nowhere", "an_app")


@dataclass(frozen=True)
class Row:
    ids: list[int]


def pad(rows):
    length = max(len(row.ids) for row in rows)
    return {"input_ids": np.array([row.ids + [0] * (length - len(row.ids)) for row in rows], "int64")}


def test_logits_come_in_the_order_of_the_rows_without_padding():
    """In batches of 2 by length, and alone: within 1e-5."""
    network = build(ErnieForTokens, HEADS)
    rows = [Row([2, 3, 4, 5, 6]), Row([7, 8]), Row([9, 3, 4]), Row([5, 6, 7, 8])]
    together = finetune.logits_of(network, rows, pad, ["input_ids"], 2)
    assert [logits.shape for logits in together] == [(5, 3), (2, 3), (3, 3), (4, 3)]
    for row, logits in zip(rows, together, strict=True):
        (alone,) = finetune.logits_of(network, [row], pad, ["input_ids"], 1)
        np.testing.assert_allclose(logits, alone, atol=1e-5)


def test_timings_are_no_metrics():
    evaluated = {"eval_f1": 0.5, "eval_runtime": 3.0, "eval_samples_per_second": 9, "eval_ppl": 1.0, "epoch": 2}
    assert finetune.plain_metrics(evaluated) == {"f1": 0.5}
    assert finetune.format_metrics({"f1": 0.51234, "loss": 2}) == "f1 0.5123  loss 2.0000"
