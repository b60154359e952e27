# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from copy import deepcopy

from common.cli import UserError
from common.data import vocabulary
from common.data.tokenizer import WordPieceTokenizer, read_vocab

import numpy as np
import paddle
import pytest
from tiny_models import VOCABULARY, logits, tiny, tiny_bert

TEXTS = ["放一首歌", "放音乐", "放hello的歌"]


def test_build_puts_specials_first_then_what_is_frequent():
    built = vocabulary.build(["放歌", "放歌", "放a歌", "放"], 100)
    assert built == [*vocabulary.SPECIALS, "放", "歌"]
    assert built[0] == "[PAD]"


def test_build_leaves_rare_tokens_to_unk():
    texts = ["我去a", "我去b", "我"]
    assert vocabulary.build(texts, 100) == [*vocabulary.SPECIALS, "我", "去"]
    assert set(vocabulary.build(texts, 100, min_count=1)) == {*vocabulary.SPECIALS, "我", "去", "a", "b"}
    assert WordPieceTokenizer(vocabulary.build(texts, 100)).encode("我b").ids[2] == vocabulary.SPECIALS.index("[UNK]")


def test_build_gives_words_their_letters_as_pieces():
    built = vocabulary.build(["abc abc", "去"], 100, min_count=2)
    assert built[5:] == sorted(["abc", "a", "##b", "##c"])
    tokens = WordPieceTokenizer(built).tokens
    assert [tokens[number] for number in WordPieceTokenizer(built).encode("acb abc").ids[1:-1]] == [
        "a",
        "##c",
        "##b",
        "abc",
    ]


def test_build_stops_at_its_size_and_is_repeatable():
    texts = ["一二三四五六七八九十" * 2]
    assert len(vocabulary.build(texts, 9)) == 9
    assert vocabulary.build(texts, 9) == vocabulary.build(list(texts), 9)
    assert vocabulary.build([], 100) == list(vocabulary.SPECIALS)


def test_widened_and_written(tmp_path):
    wide = vocabulary.widened(["[PAD]", "a"], 4)
    assert wide == ["[PAD]", "a", "[unused0]", "[unused1]"]
    assert vocabulary.widened(wide, 4) == wide
    vocabulary.write(tmp_path / "vocab.txt", wide)
    assert read_vocab(tmp_path / "vocab.txt") == wide


def test_choose_orders_by_frequency_behind_the_specials():
    shuffled = ["[PAD]", "歌", "[MASK]", "乐", "[UNK]", "[SEP]", "放", "[CLS]", "[unused1]", "音"]
    keep = vocabulary.choose(shuffled, TEXTS, 8)
    assert [shuffled[row] for row in keep] == [*vocabulary.SPECIALS, "放", "歌", "乐"]
    assert keep[0] == 0


def test_choose_drops_unused_tokens_and_returns_fewer_rows():
    keep = vocabulary.choose(VOCABULARY, TEXTS, 1000)
    kept = [VOCABULARY[row] for row in keep]
    assert "[unused1]" not in kept
    assert len(kept) == len(VOCABULARY) - 1  # never-seen real tokens fill up, in the vocabulary's order
    never = [token for token in kept if token in ("心", "到", "航")]
    assert never == [token for token in VOCABULARY if token in never]
    assert sorted(set(keep)) == sorted(keep)


def test_choose_counts_what_the_tokenizer_makes_at_that_length():
    keep = vocabulary.choose(VOCABULARY, ["放一首歌心心心心"], 9, max_length=6)
    assert [VOCABULARY[row] for row in keep][5:] == ["放", "一", "首", "歌"]
    assert "心" in [VOCABULARY[row] for row in vocabulary.choose(VOCABULARY, ["放一首歌心心心心"], 9)]


def test_choose_takes_the_row_that_the_tokenizer_means():
    """ERNIE 3.0's vocabulary holds `$` twice and the later row counts; were both kept, sorting by frequency would put
    the dead row last, and the pruned tokenizer would read that one."""
    doubled = [*vocabulary.SPECIALS, "$", "放", "$", "歌"]
    keep = vocabulary.choose(doubled, ["放$$$"], 100)
    assert [doubled[row] for row in keep] == [*vocabulary.SPECIALS, "$", "放", "歌"]
    assert keep[5] == 7
    assert WordPieceTokenizer(doubled).encode("$").ids[1] == 7


def test_choose_without_a_mask_token():
    assert vocabulary.choose(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "放"], ["放"], 10) == [0, 2, 3, 1, 4]


@pytest.mark.parametrize("size", [0, 5])
def test_choose_needs_room_for_the_specials(size):
    with pytest.raises(UserError, match=rf"--max_vocab_size {size}: the 5 special tokens"):
        vocabulary.choose(VOCABULARY, TEXTS, size)


@pytest.mark.parametrize("build", [tiny, tiny_bert])
def test_pruning_is_lossless_where_all_tokens_are_kept(build):
    """Tolerance 1e-6, on padded batches too; the padding row keeps its meaning in ERNIE and its values in BERT."""
    model = build()
    tokens = vocabulary.widened(VOCABULARY, 60)
    pruned = deepcopy(model)
    keep = vocabulary.choose(tokens, TEXTS, 16, 8)
    vocabulary.prune(pruned, getattr(pruned, "ernie", pruned).embeddings, keep, 8)
    assert pruned.config.vocab_size == 16
    assert pruned.config.max_position_embeddings == 8
    shapes = {name: tensor.shape for name, tensor in pruned.state_dict().items() if "embeddings" in name}
    assert [16, 32] in shapes.values()
    assert [8, 32] in shapes.values()
    old, new = WordPieceTokenizer(tokens), WordPieceTokenizer([tokens[row] for row in keep])
    rows = [(old.encode(text, 8).ids, new.encode(text, 8).ids) for text in TEXTS[:2]]
    batches = [[side + [0] * (8 - len(side)) for side in column] for column in zip(*rows, strict=True)]
    assert batches[0] != batches[1]
    answers = [logits(each, paddle.to_tensor(batch)) for each, batch in zip((model, pruned), batches, strict=True)]
    assert np.abs(answers[0] - answers[1]).max() <= 1e-6


def test_pruned_padding_stays_zero():
    model = tiny()
    keep = vocabulary.choose(vocabulary.widened(VOCABULARY, 60), TEXTS, 16)
    vocabulary.prune(model, model.ernie.embeddings, keep, 8)
    assert (model.ernie.embeddings.word_embeddings(paddle.to_tensor([0])).numpy() == 0).all()
    assert model.config.pad_token_id == 0


def test_more_positions_than_the_table_has():
    model = tiny()
    with pytest.raises(UserError, match="--max_seq_length 17: the model's position table has 16 rows"):
        vocabulary.prune(model, model.ernie.embeddings, [0, 1, 2, 3, 4, 5], 17)
    assert model.config.vocab_size == 60  # nothing was touched
