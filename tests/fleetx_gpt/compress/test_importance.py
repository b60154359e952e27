# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The four criteria, against NumPy."""

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import paddle
import pytest
from fleetx.compress import importance, prune
from fleetx.models.build import build
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


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("norm", ["l1_norm", "l2_norm"])
def test_norms_of_whole_heads_and_channels(norm, fused):
    net = network(fuse_attn_qkv=fused)
    scores = importance.by_weights(net, norm)
    attention, block = net.blocks[1].self_attn, net.blocks[1]
    layers = [attention.qkv_proj] if fused else [attention.q_proj, attention.k_proj, attention.v_proj]
    arrays = [layer.weight.numpy() for layer in layers]

    def measure(values):
        return np.abs(values).mean() if norm == "l1_norm" else np.sqrt(np.square(values).mean())

    for head in range(3):
        size = arrays[0].shape[1] // 3
        block_of_head = np.concatenate([array[:, head * size : (head + 1) * size] for array in arrays], axis=1)
        assert scores.heads[1][head] == pytest.approx(measure(block_of_head), rel=1e-5)
    expected = [measure(column) for column in block.linear1.weight.numpy().T]
    np.testing.assert_allclose(scores.ffn[1], expected, rtol=1e-5)
    assert [len(each) for each in scores.heads] == [3, 3] and [len(each) for each in scores.ffn] == [10, 10]


def loss_of(net):
    return lambda batch: net(paddle.to_tensor(batch)).square().mean()


def test_taylor_tells_what_a_unit_is_worth():
    """Against the loss's change when a unit's outputs shrink a little: |dLoss/dgate| at gate 1."""
    net = network()
    batch = ids()
    scores = importance.by_batches(net, "taylor", [batch], loss_of(net))
    step, place = 1e-2, "gpt.decoder.layers.0"
    arrays = weights.arrays_of(net)
    other = build(net.settings)
    other.eval()

    def loss(name, rows, factor):
        changed = {key: array.copy() for key, array in arrays.items()}
        changed[name][rows] *= factor
        weights.fill(other, changed, "memory")
        return float(loss_of(other)(batch))

    for unit in range(3):
        name, rows = f"{place}.self_attn.out_proj.weight", prune.features([unit], 4)
        slope = (loss(name, rows, 1 + step) - loss(name, rows, 1 - step)) / (2 * step)
        assert scores.heads[0][unit] == pytest.approx(abs(slope), rel=0.02, abs=1e-4)
    for unit in (0, 7):
        slope = (
            loss(f"{place}.linear2.weight", [unit], 1 + step) - loss(f"{place}.linear2.weight", [unit], 1 - step)
        ) / (2 * step)
        assert scores.ffn[0][unit] == pytest.approx(abs(slope), rel=0.02, abs=1e-4)
    assert all(weight.grad is None or not weight.grad.numpy().any() for weight in net.parameters())


def test_activation_times_weight():
    values = np.array([[[1.0, -2.0, 0.0, 4.0]], [[3.0, 2.0, 0.0, 0.0]]])
    weight = np.array([[1.0, -1.0], [2.0, 2.0], [9.0, 9.0], [0.5, 0.5]])
    np.testing.assert_allclose(importance.activity(values, weight, 4), [2, 4, 0, 1])
    np.testing.assert_allclose(importance.activity(values, weight, 2), [3, 0.5])
    net = network()
    net.train()
    scores = importance.by_batches(net, "activation", [ids(0), ids(1)], loss_of(net))
    assert net.training and (scores.heads[0] > 0).all() and (scores.ffn[1] > 0).all()
    with pytest.raises(UserError, match=r"at least one batch"):
        importance.by_batches(net, "taylor", [], loss_of(net))
