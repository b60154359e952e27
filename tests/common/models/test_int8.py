# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.cli import UserError
from common.models import int8

import numpy as np
import paddle
import pytest
from tiny_models import difference, ids, logits, tiny, tiny_bert

WEIGHT_TYPES = ("channel_wise_abs_max", "abs_max")


def settings(weight="channel_wise_abs_max", activation="moving_average_abs_max", rate=0.9):
    return {"weight_type": weight, "activation_type": activation, "moving_rate": rate}


def calibrated(batches=3, **changes):
    model = tiny()
    int8.calibrate(model, [{"input_ids": ids(seed=n)} for n in range(batches)], settings(**changes))
    return model


def table(rows=20, width=8, padding_idx=None):
    layer = paddle.nn.Embedding(rows, width, padding_idx=padding_idx)
    values = np.random.default_rng(0).normal(0, [[10.0 ** -(row % 5)] for row in range(rows)], (rows, width))
    layer.weight.set_value(values.astype("float32"))
    return layer


def test_int8_embedding_is_within_half_a_step_of_every_element():
    """|x - q * scale| <= scale / 2, plus 1e-6 relative for float32; large and small rows have a scale of their own."""
    layer = table()
    small = int8.Int8Embedding.of(layer)
    values, scale = layer.weight.numpy(), small.row_scale.numpy()
    error = np.abs(values - small(paddle.arange(20)).numpy())
    assert (error <= scale / 2 + 1e-6 * np.abs(values)).all()
    assert np.abs(small.rows.numpy()).max(axis=1).tolist() == [127] * 20
    np.testing.assert_allclose(scale[:, 0], np.abs(values).max(axis=1) / 127, rtol=1e-6)


def test_int8_embedding_is_stored_as_int8():
    small = int8.Int8Embedding.of(table())
    state = small.state_dict()
    assert {name: str(tensor.dtype) for name, tensor in state.items()} == {
        "rows": "paddle.int8",
        "row_scale": "paddle.float32",
    }
    assert small.parameters() == []


def test_padding_and_empty_rows_are_zero():
    layer = table(padding_idx=0)
    layer.weight.set_value(paddle.ones_like(layer.weight))  # set_value also fills the padding row, unlike training
    values = layer.weight.numpy()
    values[3] = 0
    layer.weight.set_value(values)
    small = int8.Int8Embedding.of(layer)
    answer = small(paddle.to_tensor([[0, 3, 4]])).numpy()
    assert (answer[0, :2] == 0).all()
    np.testing.assert_allclose(answer[0, 2], 1, rtol=1e-6)
    assert (answer == layer(paddle.to_tensor([[0, 3, 4]])).numpy().round(6)).all()


def test_a_first_row_that_is_no_padding_stays():
    small = int8.Int8Embedding.of(table())
    assert small(paddle.to_tensor([0])).numpy().any()


@pytest.mark.parametrize("build", [tiny, tiny_bert])
def test_quantize_embeddings_really_stores_int8(build):
    """Upstream's strategy `embeddings` alone changes nothing and says nothing."""
    model, before = build(), build()
    tables = [name for name, layer in before.named_sublayers() if isinstance(layer, paddle.nn.Embedding)]
    assert len(tables) == 3
    int8.quantize_embeddings(model)
    assert not [layer for layer in model.sublayers() if isinstance(layer, paddle.nn.Embedding)]
    state = model.state_dict()
    for name in tables:
        assert state[f"{name}.rows"].dtype == paddle.int8
        assert f"{name}.weight" not in state
    assert model.config.embedding_bits == 8
    assert not int8.is_int8(model)
    moved = difference(model, before, ids())
    assert 0 < moved < 0.2  # of logits between -3 and 3


def test_a_config_builds_the_quantised_layers_again():
    """Strict state-dict keys and equal answers (tolerance 0), with both kinds of INT8 in one model."""
    model = calibrated(weight="abs_max", rate=0.5)
    int8.quantize_embeddings(model)
    other = type(model)(type(model.config).from_dict(model.config.to_dict()))
    other.eval()
    assert list(other.state_dict()) == list(model.state_dict())
    other.set_state_dict(model.state_dict())
    assert difference(model, other, ids()) == 0
    assert int8.is_int8(other)


@pytest.mark.parametrize("weight", WEIGHT_TYPES)
def test_calibration_sets_every_range_and_keeps_the_weights(weight):
    plain, model = tiny(), tiny()
    batches = [{"input_ids": ids(seed=n)} for n in range(3)]
    assert int8.calibrate(model, batches, settings(weight)) == 3
    layers = int8.quantised_linears(model)
    assert len(layers) == 2 * 6 + 1 + 2  # per encoder layer q, k, v, out and two of the FFN; pooler; two heads
    scales = {name: float(layer._fake_quant_input._scale) for name, layer in layers.items()}
    assert all(scale > 0.01 for scale in scales.values())  # an untouched one is 0.001
    first = plain.ernie.encoder.layers[0].linear1.weight.numpy()
    wrapped = next(layer for name, layer in layers.items() if "layers.0.linear1" in name)
    assert (wrapped.weight.numpy() == first).all()
    assert not any(layer.training for layer in model.sublayers())
    assert model.config.linear_quantization == {
        "weight": weight,
        "activation": "moving_average_abs_max",
        "moving_rate": 0.9,
    }
    before = logits(plain, ids())
    assert 0 < np.abs(logits(model, ids()) - before).max() < 0.25 * np.abs(before).max()


def test_calibration_leaves_dropout_off():
    """Two calibrations on the same batch give the same ranges although the model has dropout and was training."""
    ranges = []
    for seed in (1, 2):
        model = tiny()
        model.train()
        paddle.seed(seed)
        int8.calibrate(model, [{"input_ids": ids()}], settings())
        layers = int8.quantised_linears(model).values()
        ranges.append([float(layer._fake_quant_input._scale) for layer in layers])
    assert ranges[0] == ranges[1]


def test_abs_max_keeps_the_largest_value_seen():
    """Paddle 2.6 knows no `abs_max` for activations; ours is the running maximum."""
    seen = []
    plain = tiny()
    plain.ernie.encoder.layers[0].self_attn.q_proj.register_forward_pre_hook(
        lambda _, arguments: seen.append(float(arguments[0].abs().max()))
    )
    for n in range(3):
        plain(ids(seed=n))
    model = calibrated(activation="abs_max")
    name, first = next(iter(int8.quantised_linears(model).items()))
    assert "layers.0.self_attn.q_proj" in name
    assert float(first._fake_quant_input._scale) == pytest.approx(max(seen), rel=1e-6)
    before = float(first._fake_quant_input._scale)
    model(ids(seed=9))
    assert float(first._fake_quant_input._scale) == before  # evaluation moves nothing


@pytest.mark.parametrize("activation", ["moving_average_abs_max", "abs_max"])
def test_quantisation_aware_training_moves_weights_and_ranges(activation):
    model = tiny()
    int8.prepare_linears(model, **settings(activation=activation))
    model.train()
    layer = next(iter(int8.quantised_linears(model).values()))
    weight = layer.weight.numpy().copy()
    optimiser = paddle.optimizer.SGD(0.1, parameters=model.parameters())
    sentence, _ = model(ids())
    sentence.square().mean().backward()
    optimiser.step()
    assert (layer.weight.numpy() != weight).any()
    assert float(layer._fake_quant_input._scale) > 0.01
    int8.check_scales(model)


def test_no_calibration_batch():
    with pytest.raises(UserError, match="at least one whole batch"):
        int8.calibrate(tiny(), [], settings())


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_range_names_the_layer(value):
    model = calibrated()
    layer = next(layer for name, layer in int8.quantised_linears(model).items() if "layers.1.linear2" in name)
    layer._fake_quant_input._scale.set_value(paddle.to_tensor([value]))
    with pytest.raises(UserError, match=r"layer ernie\.encoder\.layers\.1\.linear2.*activation range"):
        int8.check_scales(model)


@pytest.mark.parametrize("activation", ["moving_average_abs_max", "abs_max"])
@pytest.mark.parametrize("weight", WEIGHT_TYPES)
def test_integer_linear_is_the_fake_quantised_layer(weight, activation):
    """Integers times scales against PaddleSlim's layer, for every Linear; tolerance 1e-4 of the largest output."""
    model = calibrated(weight=weight, activation=activation)
    for name, layer in int8.quantised_linears(model).items():
        numbers = int8.integer_linear(layer)
        assert numbers["weight"].dtype == np.int8
        assert np.abs(numbers["weight"]).max() == 127
        assert numbers["weight_scale"].shape == numbers["bias"].shape
        per_channel = len(set(numbers["weight_scale"].tolist())) > 1
        assert per_channel == (weight == "channel_wise_abs_max")
        reach = 1.2 * 127 * numbers["input_scale"]  # also beyond the range, which is cut off
        x = np.random.default_rng(3).uniform(-reach, reach, (50, layer.weight.shape[0])).astype("float32")
        steps = np.clip(np.round(x / numbers["input_scale"]), -127, 127)
        whole = steps.astype("int64") @ numbers["weight"].astype("int64")
        ours = whole * (numbers["input_scale"] * numbers["weight_scale"]) + numbers["bias"]
        theirs = layer(paddle.to_tensor(x)).numpy()
        tie = np.abs(np.abs(x / numbers["input_scale"] % 1) - 0.5).min(axis=1) < 1e-4  # either way of rounding is right
        assert tie.mean() < 0.2
        assert np.abs(ours - theirs)[~tie].max() <= 1e-4 * np.abs(theirs).max(), name
