# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a training starts from: either architecture, a checkpoint of ours, random weights."""

import common  # noqa: F401  before paddle
from common import files
from common.data.tokenizer import WordPieceTokenizer

from calls import call
from tiny_aspects import train_words


def test_the_large_architecture_trains_too(tiny, tmp_path):
    words = train_words(tiny, tmp_path / "skep", base_model_name=tiny.pretrained("skep"), num_epochs=1)
    assert call("train", *words).code == 0
    assert files.read_json(tmp_path / "skep" / "config.json")["architectures"] == ["SkepForAspect"]


def test_a_checkpoint_is_a_start_of_its_own(tiny, trained, tmp_path):
    words = train_words(tiny, tmp_path / "on", base_model_name=trained, num_epochs=1, learning_rate=1e-6)
    assert call("train", *words).code == 0
    assert files.read_json(tmp_path / "on" / "training.json")["metrics"]["f1"] == 1.0


def test_from_scratch_builds_the_vocabulary_and_says_so(tiny, tmp_path):
    small = {"from_scratch": True, "num_hidden_layers": 1, "hidden_size": 64, "warm_start_epochs": 2}
    words = train_words(tiny, tmp_path / "new", base_model_name="ppminilm-6l-768h", num_epochs=1, **small)
    ended = call("train", *words)
    assert ended.code == 0, ended.err
    assert "from scratch: ppminilm-6l-768h with random weights" in ended.out
    assert "word table: 2 passes of bag-of-words" in ended.out
    config = files.read_json(tmp_path / "new" / "config.json")
    assert (config["num_hidden_layers"], config["hidden_size"], config["intermediate_size"]) == (1, 64, 256)
    assert len(WordPieceTokenizer(tmp_path / "new" / "vocab.txt")) == 21128
    assert files.read_json(tmp_path / "new" / "training.json")["from_scratch"] is True
