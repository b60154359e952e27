# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fake quantization by every key of Compress.Quantization."""

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import paddle
import pytest
from fleetx.models import quantize
from fleetx.models.build import build
from fleetx.settings.compress import QuantizationSettings
from fleetx.settings.model import ModelSettings
from fleetx.state import checkpoints, weights

QUICK = 0.05  # of moving averages, whose first value is far off
QUANTIZED = ("qkv_proj", "out_proj", "linear1", "linear2")


def network(**changes):
    sizes = {
        "vocab_size": 40, "hidden_size": 16, "num_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 16,
        "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.3,
    }  # fmt: skip
    paddle.seed(3)
    return build(ModelSettings(**sizes | changes))


def ids(seed=0):
    return np.random.default_rng(seed).integers(0, 40, (2, 7))


def answer(net):
    net.eval()
    with paddle.no_grad():
        return net(paddle.to_tensor(ids())).numpy()


def trained(net, steps=3, rate=1e-3):
    """Steps on other rows each; with rate 0 only ranges are found, on the rows that `answer` takes."""
    optimizer = paddle.optimizer.AdamW(rate, parameters=net.parameters())
    net.train()
    for step in range(steps):
        net(paddle.to_tensor(ids(step if rate else 0))).square().mean().backward()
        optimizer.step()
        optimizer.clear_grad()
    return net


@pytest.mark.parametrize("pact", [None, "PACT"])
@pytest.mark.parametrize("weight", ["abs_max", "channel_wise_abs_max"])
@pytest.mark.parametrize("activation", ["moving_average_abs_max", "abs_max"])
def test_types_train_and_stay_near_the_plain_network(weight, activation, pact):
    net = network()
    plain = answer(net)
    how = QuantizationSettings(
        enable=True, weight_quantize_type=weight, activation_quantize_type=activation, activation_preprocess_type=pact,
        weight_preprocess_type=pact, onnx_format=True, moving_rate=QUICK,
    )  # fmt: skip
    quantize.wrap(net, how)
    layers = quantize.quantized_layers(net)
    assert sorted({name.rsplit(".", 1)[1] for name in layers}) == sorted(QUANTIZED) and len(layers) == 8
    assert not any("OutputScale" in type(layer).__name__ for layer in net.sublayers())
    trained(net, rate=0.0)
    quantize.check_ranges(net)
    far = np.abs(answer(net) - plain).max() / np.abs(plain).max()
    assert 1e-5 < far < 0.12  # 8 bits, random weights
    before = weights.arrays_of(net)
    trained(net)
    assert all(np.abs(weights.arrays_of(net)[f"{n}.weight"] - before[f"{n}.weight"]).max() > 0 for n in layers)
    assert sum("alpha" in name for name in before) == (16 if pact else 0)


def test_fewer_bits_are_coarser():
    plain, far = answer(network()), []
    for bits in (8, 6, 4):
        net = network()
        quantize.wrap(net, QuantizationSettings(enable=True, weight_bits=bits, activation_bits=bits, moving_rate=QUICK))
        trained(net, rate=0.0)
        far.append(np.abs(answer(net) - plain).max())
    assert far[0] < far[1] < far[2]


def test_the_integers_are_what_the_formula_says():
    """A layer's output against round(x / s * 127) by hand."""
    net = network()
    quantize.wrap(net, QuantizationSettings(enable=True, onnx_format=True))
    trained(net, rate=0.0)
    net.eval()
    layer = net.blocks[0].linear1
    x = np.random.default_rng(0).normal(size=(1, 3, 16)).astype("float32")
    reach = float(layer._fake_quant_input._scale)
    weight = layer.weight.numpy()
    columns = np.abs(weight).max(axis=0)

    def rounded(values, scale):
        return np.clip(np.round(values / scale * 127), -127, 127) * scale / 127

    expected = rounded(x, reach) @ rounded(weight, columns) + layer.bias.numpy()
    np.testing.assert_allclose(layer(paddle.to_tensor(x)).numpy(), expected, atol=1e-4)


def test_layers_that_are_skipped_and_tables_that_are_frozen():
    net = network()
    skipped = {"block_0": ("linear1", "linear2"), "block_1": ("out_proj",)}
    quantize.wrap(net, QuantizationSettings(enable=True, skip_tensor_map=skipped, freeze_embedding=True))
    assert sorted(quantize.quantized_layers(net)) == sorted(
        f"gpt.decoder.layers.{name}"
        for name in ("0.self_attn.qkv_proj", "0.self_attn.out_proj", "1.self_attn.qkv_proj", "1.linear1", "1.linear2")
    )
    frozen = [name for name, weight in net.named_parameters() if weight.stop_gradient and "_fake" not in name]
    tables = ["gpt.embeddings.word_embeddings.weight", "gpt.embeddings.position_embeddings.weight"]
    assert sorted(frozen) == sorted(tables)
    with pytest.raises(UserError, match=r"no layer of a kind in quantizable_layer_type"):
        quantize.wrap(network(), QuantizationSettings(enable=True, quantizable_layer_type=("RowParallelLinear",)))


def test_a_checkpoint_remembers_every_key(tmp_path):
    how = QuantizationSettings(
        enable=True, weight_bits=6, weight_preprocess_type="PACT", skip_tensor_map={"block_1": ("linear1",)},
        quantizable_layer_type=("Linear",), freeze_embedding=True, onnx_format=True, start_step=3,
    )  # fmt: skip
    net = network()
    quantize.wrap(net, how)
    trained(net, rate=0.0)
    checkpoints.write(tmp_path, net, net.settings, how, progress={})
    found = checkpoints.open_folder(tmp_path)
    assert found.quantization == how and found.model == net.settings
    np.testing.assert_array_equal(answer(found.network()), answer(net))


def test_a_range_that_nothing_has_set():
    net = network()
    quantize.wrap(net, QuantizationSettings(enable=True))
    for layer in quantize.quantized_layers(net).values():
        layer._fake_quant_input._scale.set_value(np.zeros(1, "float32"))
    with pytest.raises(UserError, match=r"0.self_attn.qkv_proj: the activation range is 0"):
        quantize.check_ranges(net)


def test_a_vit_is_quantized():
    net = network(module="GeneralClsModule", image_size=8, patch_size=4, num_classes=3)
    quantize.wrap(net, QuantizationSettings(enable=True, activation_preprocess_type="PACT"))
    assert len(quantize.quantized_layers(net)) == 9 and "head" in quantize.quantized_layers(net)
