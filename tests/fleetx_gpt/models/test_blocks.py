# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The transformer layer: variants that compute the same, causality, recomputation."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
import pytest
from fleetx.models.blocks import unseen
from fleetx.models.build import build
from fleetx.state import convert_gpt2, weights
from small_networks import answer, ids, small


@pytest.mark.parametrize("fused", [True, False])
def test_variants_that_compute_the_same(fused):
    """Fused or three projections; scaled by the layer's number or not."""
    tokens = ids()
    network = build(small(fuse_attn_qkv=fused))
    plain = build(small(fuse_attn_qkv=fused, scale_qk_by_layer_num=False))
    weights.fill(plain, weights.arrays_of(network), "memory")
    np.testing.assert_allclose(answer(network, tokens), answer(plain, tokens), atol=1e-5)
    if not fused:
        joined = build(small())
        arrays = weights.arrays_of(network)
        for layer in range(2):
            place = f"gpt.decoder.layers.{layer}.self_attn"
            for kind in ("weight", "bias"):
                parts = [arrays.pop(f"{place}.{name}_proj.{kind}") for name in "qkv"]
                arrays[f"{place}.qkv_proj.{kind}"] = convert_gpt2.by_head(np.concatenate(parts, axis=-1), 4)
        weights.fill(joined, arrays, "memory")
        np.testing.assert_allclose(answer(network, tokens), answer(joined, tokens), atol=1e-5)


def test_no_token_sees_what_comes_behind_it():
    network, tokens = build(small()), ids()
    changed = tokens.copy()
    changed[:, 5:] = (changed[:, 5:] + 1) % 50
    before, after = answer(network, tokens), answer(network, changed)
    np.testing.assert_allclose(before[:, :5], after[:, :5], atol=1e-6)
    assert np.abs(before[:, 5:] - after[:, 5:]).max() > 0.1
    assert unseen(2, 3).numpy().tolist() == [[[[0, 0, -1e4], [0, 0, 0]]]]


@pytest.mark.parametrize("granularity", ["full", "full_attn", "core_attn"])
def test_recomputed_gradients_are_the_same(granularity):
    """With dropout, so that the second forward must draw the same numbers."""
    drop = {"hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.3}
    plain = build(small(**drop))
    again = build(small(**drop, use_recompute=True, recompute_granularity=granularity, no_recompute_layers=(1,)))
    assert [block.recompute for block in again.blocks] == [granularity, None]
    weights.fill(again, weights.arrays_of(plain), "memory")
    found = []
    for network in (plain, again):
        network.train()
        paddle.seed(7)
        network(paddle.to_tensor(ids())).square().mean().backward()
        found.append({name: weight.grad.numpy() for name, weight in network.named_parameters()})
    for name, gradient in found[0].items():
        np.testing.assert_allclose(found[1][name], gradient, atol=1e-6, err_msg=name)
