# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Vocabularies: building one from text, choosing what to keep of one, and cutting a model's tables to fit."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from common import files
from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.data.tokenizer_rules import CharacterRules

import paddle

SPECIALS = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")


def build(texts: Iterable[str], size: int, min_count: int = 2) -> list[str]:
    """A WordPiece vocabulary of at most `size` tokens from training text, most frequent first.

    Words are what the tokenizer would cut the text into, so a Chinese character is a word of its own. Words of several
    letters also give their letters, alone and as `##` continuations, so that an unseen word falls into letters. What
    stands fewer than `min_count` times is left to [UNK], which otherwise would never be trained.
    """
    rules = CharacterRules()
    words = Counter(word for text in texts for word in rules.words(text))
    tokens: Counter = Counter()
    for word, count in words.items():
        tokens[word] += count
        if len(word) > 1:
            for position, letter in enumerate(word):
                tokens[letter if position == 0 else f"##{letter}"] += count
    ranked = sorted((token for token in tokens if token and tokens[token] >= min_count), key=lambda t: (-tokens[t], t))
    return [*SPECIALS, *(token for token in ranked if token not in SPECIALS)][:size]


def widened(vocabulary: Sequence[str], rows: int) -> list[str]:
    """Fill up with `[unusedN]` tokens to as many rows as the architecture's table has."""
    return [*vocabulary, *(f"[unused{n}]" for n in range(rows - len(vocabulary)))]


def write(path: Path | str, vocabulary: Sequence[str]) -> None:
    files.write_text(path, "\n".join(vocabulary) + "\n")


def choose(vocabulary: Sequence[str], texts: Iterable[str], size: int, max_length: int | None = None) -> list[int]:
    """Which rows to keep: [PAD] first, the other special tokens, then by frequency in `texts`.

    Tokens that never occur fill up what room is left, in the order of the vocabulary (pretrained ones are sorted by
    frequency), except `[unusedN]`; so fewer than `size` rows come back where fewer real tokens exist. Count on the
    training split only.

    Raises:
        UserError: `size` has no room for the special tokens.
    """
    if size <= len(SPECIALS):
        raise UserError(f"--max_vocab_size {size}: the {len(SPECIALS)} special tokens alone need more")
    tokenizer = WordPieceTokenizer(vocabulary)
    counts = Counter(token for text in texts for token in tokenizer.encode(text, max_length).ids)
    # Of a token that stands twice (`$` in the published ERNIE 3.0 vocabulary) the tokenizer means the later row. The
    # other one must go: reordered, it could become the later one.
    meant = {token: row for row, token in enumerate(vocabulary)}
    specials = [meant[token] for token in SPECIALS if token in meant]
    rest = [
        row
        for token, row in meant.items()
        if token not in SPECIALS and (counts[row] or not token.startswith("[unused"))
    ]
    rest.sort(key=lambda row: (-counts[row], row))
    return [*specials, *rest][:size]


def prune(model: paddle.nn.Layer, embeddings: paddle.nn.Layer, keep: Sequence[int], positions: int) -> None:
    """Cut a model's word table to the rows `keep` (in that order) and its position table to the first rows, in place.

    Args:
        model: its config is brought in line.
        embeddings: the layer with `word_embeddings` and `position_embeddings` (ERNIE, BERT and their like).
        keep: old row of each new row; row 0 must be [PAD].
        positions: longest input from now on, in tokens.

    Raises:
        UserError: more positions asked for than the table has.
    """
    available = embeddings.position_embeddings.weight.shape[0]
    if positions > available:
        raise UserError(f"--max_seq_length {positions}: the model's position table has {available} rows")
    words = embeddings.word_embeddings
    padding = 0 if words._padding_idx is not None and words._padding_idx >= 0 else None  # BERT's table has none
    embeddings.word_embeddings = _table(words.weight[paddle.to_tensor(list(keep))], padding)
    embeddings.position_embeddings = _table(embeddings.position_embeddings.weight[:positions])
    model.config.vocab_size = len(keep)
    model.config.max_position_embeddings = positions
    model.config.pad_token_id = 0


def _table(rows: paddle.Tensor, padding_idx: int | None = None) -> paddle.nn.Embedding:
    table = paddle.nn.Embedding(rows.shape[0], rows.shape[1], padding_idx=padding_idx)
    table.weight.set_value(rows)
    return table
