# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Byte pairs: any text comes back."""

from common.cli import UserError

import pytest
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
