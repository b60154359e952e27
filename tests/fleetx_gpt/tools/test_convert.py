# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A published checkpoint becomes ours and computes the same."""

import common  # noqa: F401  before paddle

import gpt2_layout
import numpy as np
import pytest
from fleetx.models.build import parameter_count
from fleetx.models.shape import Shape
from fleetx.state import checkpoints
from small_networks import answer, ids
from tools import convert

CLOSE = 2e-5  # float32 against float64 on logits of some tens


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    return folder, gpt2_layout.make(folder)


def test_a_published_checkpoint_converts_and_computes_the_same(published, tmp_path, capsys):
    folder, published_weights = published
    convert.main(convert.Options(folder, tmp_path / "converted"))
    assert "parameters" in capsys.readouterr().out
    found = checkpoints.open_folder(tmp_path / "converted")
    network = found.network()
    tokens = ids(vocab=300, length=12)
    expected = gpt2_layout.logits(published_weights, tokens)
    assert np.abs(expected).max() > 2
    np.testing.assert_allclose(answer(network, tokens), expected, atol=CLOSE, rtol=CLOSE)
    assert found.shape == Shape((4, 4, 4), (96, 96, 96), 6)
    assert parameter_count(network) == sum(a.size for n, a in published_weights.items() if not n.endswith(".attn.bias"))
    names = set(network.state_dict())
    assert "gpt.decoder.layers.0.self_attn.qkv_proj.weight" in names
    assert "gpt.embeddings.word_embeddings.weight" in names and "gpt.decoder.norm.bias" in names
