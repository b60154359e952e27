# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import paddle
import pytest
import tiny
from fleetx.compress import importance, prune
from fleetx.compress.importance import Importance
from fleetx.models.build import build, parameter_count
from fleetx.models.shape import Shape
from fleetx.serve import evaluation
from fleetx.settings.model import ModelSettings
from fleetx.state import checkpoints, weights
from fleetx.train import optimizer, run


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


def changes(dense, **more):
    return {
        "Compress__pretrained": dense, "Compress__Prune__enable": True, "Compress__Prune__ratio": 0.25,
        "Engine__max_steps": 8, "Global__micro_batch_size": 8, **more,
    }  # fmt: skip


@pytest.mark.parametrize("criterion", ["l2_norm", "taylor"])
def test_a_pruned_run(data, dense, tmp_path, capsys, criterion):
    run.train(tiny.settings(data, tmp_path, **changes(dense, Compress__Prune__criterion=criterion)))
    told = capsys.readouterr().out
    assert f"pruned at step 0 by {criterion}: heads 8 -> 6, channels 256 -> 192" in told
    found = checkpoints.open_folder(tmp_path)
    assert found.shape == Shape((3, 3), (96, 96), 8) and found.progress["dense"]["heads"] == [4, 4]
    assert [len(each) for each in found.progress["kept"]["heads"]] == [3, 3]
    before = checkpoints.open_folder(dense)
    assert (found.folder / "model.safetensors").stat().st_size < (before.folder / "model.safetensors").stat().st_size
    # Evaluation needs to be told nothing of the pruning.
    scored = {"Engine__save_load__ckpt_dir": tmp_path, "Offline_Eval__eval_path": data / "cloze.jsonl"}
    assert evaluation.run(tiny.settings(data, tmp_path, **scored, Offline_Eval__cloze_eval=True))["passages"] == 7


def test_a_schedule_resumed_between_two_cuts(data, dense, tmp_path):
    """Bit for bit the uninterrupted run; the cut at the step of the checkpoint itself happens once."""
    how = {
        "Compress__Prune__criterion": "taylor", "Compress__Prune__ranking": "global", "Compress__Prune__begin_step": 2,
        "Compress__Prune__end_step": 6, "Compress__Prune__times": 3, "Compress__Prune__calibration_batches": 2,
    }  # fmt: skip
    run.train(tiny.settings(data, tmp_path / "one", **changes(dense, **how)))
    more = changes(dense, **how, Engine__save_load__save_steps=4)
    trainer = run.trainer_of(tiny.settings(data, tmp_path / "two", **more))
    trainer.settings.Engine.max_steps = 4
    trainer.run()
    half = checkpoints.open_folder(tmp_path / "two")
    assert sum(half.shape.heads) == 7 and half.progress["step"] == 4
    run.train(tiny.settings(data, tmp_path / "two", **more, Engine__save_load__ckpt_dir=tmp_path / "two"))
    one, two = checkpoints.open_folder(tmp_path / "one"), checkpoints.open_folder(tmp_path / "two")
    assert one.shape == two.shape and sum(two.shape.heads) == 6 and sum(two.shape.ffn) == 192
    assert one.progress == two.progress
    for file in (checkpoints.WEIGHTS, checkpoints.OPTIMIZER):
        first, second = weights.read(one.folder / file), weights.read(two.folder / file)
        assert first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_moments_go_on_behind_a_cut(data, dense, tmp_path):
    trainer = run.trainer_of(tiny.settings(data, tmp_path, **changes(dense, Compress__Prune__begin_step=2)))
    trainer.settings.Engine.max_steps = 2
    trainer.run()
    before = optimizer.state_of(trainer.optimizer, trainer.network)
    trainer.plan.before_step(trainer)
    after = optimizer.state_of(trainer.optimizer, trainer.network)
    name = "gpt.decoder.layers.1.linear1.weight/moment1"
    kept = trainer.plan.kept.ffn[1]
    assert before[name].any() and np.array_equal(after[name], before[name][:, kept]) and len(kept) == 96


def test_a_cut_that_the_run_does_not_reach(data, dense, tmp_path):
    with pytest.raises(UserError, match=r"Compress.Prune.end_step: 8 is not before Engine.max_steps, which is 8"):
        run.train(tiny.settings(data, tmp_path, **changes(dense, Compress__Prune__begin_step=8)))
