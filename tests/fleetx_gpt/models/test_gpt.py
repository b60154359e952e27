# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The cache, and the padding of the token table."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
from fleetx.models.build import build
from fleetx.models.gpt import padded_rows
from fleetx.models.shape import Shape
from small_networks import answer, ids, small


def test_the_cache_gives_what_the_whole_text_gives():
    network, tokens = build(small(), Shape((3, 1), (64, 10), 4)), ids()
    caches, parts = network.no_cache(2), []
    with paddle.no_grad():
        for start, end in ((0, 4), (4, 5), (5, 9)):
            logits, caches = network.forward_cached(paddle.to_tensor(tokens[:, start:end]), caches)
            parts.append(logits.numpy())
    np.testing.assert_allclose(np.concatenate(parts, axis=1), answer(network, tokens), atol=1e-5)


def test_padding_of_the_token_table_is_never_answered():
    from fleetx.models.layers import PlainLayers

    class Padding(PlainLayers):
        def words(self, rows, features):
            return super().words(rows + 14, features)

    assert [padded_rows(small(vocab_size_divisible_unit=8), degree) for degree in (1, 2)] == [50, 64]
    network = build(small(), layers=Padding(0.02))
    assert answer(network, ids()).shape[-1] == 50
