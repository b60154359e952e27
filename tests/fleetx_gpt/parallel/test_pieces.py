# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Parts of several processes become whole arrays, through files."""

import numpy as np
from fleetx.parallel import pieces


def test_parts_are_put_side_by_side_and_padding_is_cut_off(tmp_path):
    table, bias = np.arange(12.0).reshape(6, 2), np.ones(3)
    for number in range(2):
        part = {"word_embeddings.weight": table[3 * number : 3 * number + 3], "bias": bias}
        pieces.write(tmp_path / "parts", number, part, {"word_embeddings.weight": 0})
    whole = pieces.read(tmp_path / "parts", rows=5)
    np.testing.assert_array_equal(whole["word_embeddings.weight"], table[:5])
    np.testing.assert_array_equal(whole["bias"], bias)
