# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What is cut out, and what stays."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
import pytest
from fleetx.compress import prune
from fleetx.compress.importance import Importance
from fleetx.models.build import build, parameter_count
from fleetx.models.shape import Shape
from fleetx.settings.model import ModelSettings
from fleetx.state import weights


def network(**changes):
    sizes = {
        "vocab_size": 40, "hidden_size": 12, "num_layers": 2, "num_attention_heads": 3, "max_position_embeddings": 16,
        "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.4,
        "ffn_hidden_size": 10,
    }  # fmt: skip
    paddle.seed(3)
    made = build(ModelSettings(**sizes | changes))
    made.eval()
    return made


def ids(seed=0):
    return np.random.default_rng(seed).integers(0, 40, (2, 7))


def answer(net, inputs):
    with paddle.no_grad():
        return net(paddle.to_tensor(inputs)).numpy()


def silenced(net, heads, channels):
    """Logits of the same network with what these units pass on set to zero."""
    arrays = weights.arrays_of(net)
    for layer, (gone_heads, gone_channels) in enumerate(zip(heads, channels, strict=True)):
        place = f"gpt.decoder.layers.{layer}"
        arrays[f"{place}.self_attn.out_proj.weight"][prune.features(gone_heads, net.shape.head_size)] = 0
        arrays[f"{place}.linear2.weight"][gone_channels] = 0
    other = build(net.settings)
    weights.fill(other, arrays, "memory")
    other.eval()
    return answer(other, ids())


@pytest.mark.parametrize("fused", [True, False])
def test_a_cut_network_is_the_whole_one_without_these_units(fused):
    net = network(fuse_attn_qkv=fused)
    kept = prune.Kept([np.array([0, 2]), np.array([1])], [np.array([1, 3, 4, 9]), np.arange(10)])
    smaller = prune.shrink(net, kept)
    expected = silenced(net, [[1], [0, 2]], [[0, 2, 5, 6, 7, 8], []])
    np.testing.assert_allclose(answer(smaller, ids()), expected, atol=1e-5)
    assert np.abs(answer(net, ids()) - expected).max() > 0.01
    assert smaller.shape == Shape((2, 1), (4, 10), 4)
    inner = {0: (2, 4), 1: (1, 10)}
    gone = sum((3 - heads) * 4 * (3 * 13 + 12) + (10 - ffn) * (13 + 12) for heads, ffn in inner.values())
    assert parameter_count(net) - parameter_count(smaller) == gone
    assert smaller.state_dict().keys() == net.state_dict().keys()  # nothing of the old one is carried along


def test_a_vit_is_cut_alike():
    vit = network(module="GeneralClsModule", image_size=8, patch_size=4, num_classes=3)
    smaller = prune.shrink(vit, prune.Kept([np.array([0]), np.array([1, 2])], [np.arange(5), np.arange(3)]))
    assert smaller.shape == Shape((1, 2), (5, 3), 4) and answer(smaller, np.zeros((1, 3, 8, 8), "float32")).shape == (
        1,
        3,
    )


def test_choosing():
    scores = Importance([np.array([3.0, 1, 2, 4]), np.array([40.0, 10, 20, 30])], [np.arange(8.0), np.ones(8)])
    shape = Shape((4, 4), (8, 8), 2)
    kept = prune.choose(scores, shape, 0.25, "layer")
    assert [each.tolist() for each in kept.heads] == [[0, 2, 3], [0, 2, 3]]
    assert kept.ffn[0].tolist() == [2, 3, 4, 5, 6, 7] and kept.ffn[1].tolist() == [0, 1, 2, 3, 4, 5]
    even = Importance([np.array([5.0, 5, 5, 5]), np.array([9.0, 0.1, 0.1, 0.1])], scores.ffn)
    kept = prune.choose(even, shape, 0.375, "global")
    assert [each.tolist() for each in kept.heads] == [[0, 1, 2, 3], [0]]
    kept = prune.choose(even, shape, 0.9, "global")  # one stays in each layer
    assert [each.tolist() for each in kept.heads] == [[0], [0]]
    first = prune.Kept([np.array([0, 2, 3])], [np.array([1, 5, 6])])
    both = first.then(prune.Kept([np.array([0, 2])], [np.array([1])]))
    assert both.record() == {"heads": [[0, 3]], "ffn": [[5]]}
    assert prune.Kept.of_record(both.record()).record() == both.record()
