# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Windows, passages and their batches."""

from common.cli import UserError

import numpy as np
import pytest
from fleetx.inputs import scoring
from fleetx.inputs.tokenizer import BytePairs

STORY = "the cat sat on the mat and the dog sat on the log, 今天天气很好 \U0001f600\r\n\tend."


@pytest.fixture(scope="module")
def tokenizer():
    return BytePairs.trained([STORY * 5], 300)


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
