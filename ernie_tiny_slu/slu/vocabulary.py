# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Vocabulary pruning: tables are cut to the training set's tokens and the longest input; nothing else changes."""

from collections.abc import Sequence
from copy import deepcopy

from common import parity
from common.data import vocabulary
from common.data.tokenizer import WordPieceTokenizer

import numpy as np
import paddle
from model import JointErnie

CHECKED_SENTENCES = 100  # on which pruning must change nothing


def prune(
    model: JointErnie, tokens: Sequence[str], texts: Sequence[str], max_tokens: int, max_length: int
) -> list[str]:
    """Cut the model's word and position tables in place.

    Args:
        tokens: the vocabulary so far, a token per row of the word table.
        texts: of the training set; the tokens that occur most often stay.
        max_tokens, max_length: rows that the tables keep at most.

    Returns:
        The tokens that stay, in the order of the rows.

    Raises:
        GateFailed: a sentence whose tokens are all kept gets other logits than before.
    """
    keep = vocabulary.choose(tokens, texts, max_tokens, max_length)
    kept, before = [tokens[row] for row in keep], deepcopy(model)
    vocabulary.prune(model, model.ernie.embeddings, keep, max_length)
    worst = largest_difference(before, model, tokens, keep, texts[:CHECKED_SENTENCES], max_length)
    parity.require(parity.Comparison(worst, 1.0), "pruned vocabulary", parity.FP32_TOLERANCE, 1.0)
    checked = min(len(texts), CHECKED_SENTENCES)
    print(f"pruned vocabulary: largest difference {worst:.1e} on {checked} sentences", flush=True)
    print(f"embeddings pruned: {len(tokens)} -> {len(kept)} tokens, {max_length} positions", flush=True)
    return kept


def largest_difference(
    before: JointErnie,
    after: JointErnie,
    tokens: Sequence[str],
    keep: Sequence[int],
    texts: Sequence[str],
    max_length: int,
) -> float:
    """Of any logit, on the texts whose tokens are all kept; NaN where one is not a number.

    Args:
        keep: rows of the old word table, in the order of the new one.
    """
    old, new = WordPieceTokenizer(tokens), WordPieceTokenizer([tokens[row] for row in keep])
    row_of = {row: place for place, row in enumerate(keep)}
    for model in (before, after):
        model.eval()
    worst = 0.0
    for text in texts:
        ids, pruned_ids = (tokenizer.encode(text, max_length).ids for tokenizer in (old, new))
        if [row_of.get(number) for number in ids] != pruned_ids:
            continue  # a token of it is gone
        with paddle.no_grad():
            pair = zip(before(paddle.to_tensor([ids])), after(paddle.to_tensor([pruned_ids])), strict=True)
        worst = float(np.max([worst, *(float((a - b).abs().max()) for a, b in pair)]))  # max() would lose a NaN
    return worst
