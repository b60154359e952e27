# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from common.cli import UserError

import numpy as np
import pytest
from fleetx.inputs import images, scoring, text
from fleetx.inputs.order import Order
from fleetx.inputs.tokenizer import END, BytePairs

STORY = "the cat sat on the mat and the dog sat on the log, 今天天气很好 \U0001f600\r\n\tend."


@pytest.fixture(scope="module")
def tokenizer():
    return BytePairs.trained([STORY * 5], 300)


def test_any_text_comes_back(tokenizer, tmp_path):
    for sample in (STORY, "  two  blanks ", "", f"a{END}b", "\x00\x7f"):
        assert tokenizer.decode(tokenizer.encode(sample)) == sample
    assert len(tokenizer.encode(STORY)) < len(STORY.encode())
    assert tokenizer.end not in tokenizer.encode(f"a{END}b")
    tokenizer.save(tmp_path)
    again = BytePairs.of_folder(tmp_path)
    assert again.encode(STORY) == tokenizer.encode(STORY) and again.end == tokenizer.end
    assert sorted(path.name for path in tmp_path.iterdir()) == ["merges.txt", "vocab.json"]
    assert BytePairs.trained([STORY * 5], 300).encode(STORY) == tokenizer.encode(STORY)


def test_tokenizer_files_that_are_not(tmp_path, tokenizer):
    tokenizer.save(tmp_path)
    with pytest.raises(UserError, match=r"at least 257 tokens"):
        BytePairs.trained([STORY], 100)
    with pytest.raises(UserError, match=r"but Model.vocab_size is 5; it must not be less"):
        tokenizer.check_fits(5, "here")
    (tmp_path / "merges.txt").write_text("no merges at all\n" * 3)
    with pytest.raises(UserError, match=r"merges.txt: does not go with"):
        BytePairs.of_folder(tmp_path)
    (tmp_path / "vocab.json").write_text("[]")
    with pytest.raises(UserError, match=r"not a GPT-2 vocabulary"):
        BytePairs.of_folder(tmp_path)
    with pytest.raises(UserError, match=r"no such vocabulary"):
        BytePairs.of_folder(tmp_path / "nowhere")


@pytest.mark.data
def test_the_published_gpt2_vocabulary(shared_data):
    folder = shared_data / "vocab"
    published = BytePairs.of_files(folder / "gpt2_encoder.json", folder / "gpt2_vocab.bpe")
    assert published.size == 50257 and published.end == 50256
    assert published.encode("Hello world") == [15496, 995]
    assert published.encode("Hello, my dog is cute") == [15496, 11, 616, 3290, 318, 13779]
    assert published.decode(published.encode(STORY)) == STORY


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


def test_the_order_follows_from_the_step():
    order = Order(rows=11, step_rows=4, seed=3)
    assert order.steps_per_epoch == 2 and [order.epoch_of(step) for step in range(5)] == [0, 0, 1, 1, 2]
    first = np.concatenate([order.of_step(0), order.of_step(1)])
    assert len(set(first)) == 8 and not np.array_equal(first, np.concatenate([order.of_step(2), order.of_step(3)]))
    np.testing.assert_array_equal(Order(11, 4, 3).of_step(1), first[4:])
    assert not np.array_equal(Order(11, 4, 4).of_step(0), first[:4])
    shared = [order.of_step(1, rank, 2) for rank in range(2)]
    assert sorted(np.concatenate(shared)) == sorted(first[4:])
    assert Order(11, 4, 3, shuffle=False).of_step(3).tolist() == [4, 5, 6, 7]
    with pytest.raises(UserError, match=r"3 rows make no step of 4"):
        Order(3, 4, 0)


@pytest.mark.parametrize(("count", "length", "stride"), [(50, 8, 3), (9, 8, 8), (8, 8, 1), (2, 8, 4), (41, 8, 8)])
def test_windows_score_every_token_once(count, length, stride):
    tokens, scored = np.arange(count), []
    for number, (piece, new) in enumerate(scoring.windows(tokens, length, stride)):
        assert len(piece) <= length + 1
        scored += piece[len(piece) - new :].tolist()
        if number:
            assert len(piece) - new >= length - stride + 1  # context of the first token that is scored
    assert scored == list(range(1, count))


def test_batches_keep_the_last_rows():
    pieces = list(scoring.windows(np.arange(100, 120), 8, 3))
    made = list(scoring.batches(pieces, 2, pad=7))
    assert sum(len(batch.ids) for batch in made) == len(pieces) == 5
    told = np.concatenate([batch.labels[batch.counted] for batch in made])
    assert told.tolist() == list(range(101, 120))
    assert (made[-1].ids[~np.pad(made[-1].counted, ((0, 0), (0, 0)))] >= 7).all()


def test_the_last_word_is_asked_for(tokenizer):
    ids, count = scoring.cloze("the cat sat on the mat", tokenizer, 30, "x:1")
    assert tokenizer.decode(ids[-count:]) == " mat" and tokenizer.decode(ids[:-count]) == "the cat sat on the"
    ids, count = scoring.cloze("the cat\nsat", tokenizer, 30, "x:1")
    assert tokenizer.decode(ids[-count:]) == "sat" and tokenizer.decode(ids) == "the cat\nsat"
    ids, count = scoring.cloze("the cat sat on the mat", tokenizer, 4, "x:1")
    assert len(ids) == 5
    for bad in ("word", " word ", ""):
        with pytest.raises(UserError, match=r"x:1: a passage needs two words"):
            scoring.cloze(bad, tokenizer, 30, "x:1")
    with pytest.raises(UserError, match=r"more than Offline_Eval.max_seq_len 2"):
        scoring.cloze("a zzzzzzzzzzzz", tokenizer, 2, "x:1")


@pytest.fixture
def pictures(tmp_path):
    random = np.random.default_rng(0)
    arrays = {
        f"{split}_{kind}": random.integers(0, 10 if kind == "labels" else 256, shape).astype("uint8")
        for split in ("train", "test")
        for kind, shape in (("images", (6, 8, 8, 3)), ("labels", (6,)))
    }
    np.savez(tmp_path / "images.npz", **arrays)
    return tmp_path / "images.npz"


def test_images(pictures):
    train = images.read(pictures, "train", 8, 3, 10, "key")
    pixels, labels = train.batch(np.array([4, 2]))
    assert pixels.shape == (2, 3, 8, 8) and pixels.dtype == "float32" and labels.dtype == "int64"
    np.testing.assert_allclose(pixels[0, 1] * 127.5 + 127.5, train.pixels[4, :, :, 1], atol=1e-4)
    mirrored, _ = train.batch(np.arange(6), np.random.default_rng(1))
    plain, _ = train.batch(np.arange(6))
    turned = [np.array_equal(a, b[:, :, ::-1]) for a, b in zip(mirrored, plain, strict=True)]
    assert 0 < sum(turned) < 6 and all(
        np.array_equal(a, b) or t for a, b, t in zip(mirrored, plain, turned, strict=True)
    )
    assert images.read(pictures, "test", 16, 3, 10, "key").pixels.shape == (6, 16, 16, 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("val", 8, 3, 10), "not a .npz with val_images and val_labels"),
        (("train", 8, 1, 10), "3 colours, but Model.num_channels is 1"),
        (("train", 8, 3, 2), "but Model.num_classes is 2"),
    ],
)
def test_bad_images(pictures, words, message):
    with pytest.raises(UserError) as fault:
        images.read(pictures, *words, "key")
    assert message in str(fault.value)


def test_files_that_hold_no_images(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"text")
    np.savez(tmp_path / "b.npz", train_images=np.zeros((2, 4, 5, 3), "uint8"), train_labels=np.zeros(2))
    np.savez(tmp_path / "c.npz", train_images=np.zeros((2, 4, 4, 3), "uint8"), train_labels=np.zeros(3))
    for name, message in (("a", "not a .npz with"), ("b", "expected uint8"), ("c", "2 images, but 3 labels")):
        with pytest.raises(UserError, match=message):
            images.read(tmp_path / f"{name}.npz", "train", 4, 3, 10, "key")
