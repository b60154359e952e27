# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What is exported: PACT's bounds are folded in, onnx_format decides about ONNX."""

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import paddle
import pytest
import tiny
from fleetx.models import quantize
from fleetx.models.build import build
from fleetx.serve import export, programs
from fleetx.settings.compress import QuantizationSettings
from fleetx.settings.model import ModelSettings
from fleetx.state import weights
from fleetx.train import run


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


def test_bounds_are_folded_into_the_weights():
    how = QuantizationSettings(enable=True, weight_preprocess_type="PACT", activation_preprocess_type="PACT")
    net = network()
    quantize.wrap(net, how)
    for layer in quantize.quantized_layers(net).values():
        layer._weight_preprocess.alpha.set_value(np.array([0.25], "float32"))
    trained(net, rate=0.0)
    other = network()
    quantize.wrap(other, how, pact=False)
    weights.fill(other, programs.without_pact(net), "memory")
    np.testing.assert_allclose(answer(other), answer(net), atol=1e-5)
    largest = max(np.abs(layer.weight.numpy()).max() for layer in quantize.quantized_layers(other).values())
    assert largest == pytest.approx(0.25)
    assert max(np.abs(layer.weight.numpy()).max() for layer in quantize.quantized_layers(net).values()) > 0.5


def test_onnx_format_false_goes_to_paddle_alone(data, dense, tmp_path):
    how = {"Compress__pretrained": dense, "Compress__Quantization__enable": True, "Engine__max_steps": 2}
    run.train(tiny.settings(data, tmp_path, **how))
    changes = {"Engine__save_load__ckpt_dir": tmp_path, "Inference__model_dir": tmp_path / "out"}
    with pytest.raises(UserError, match=r"was quantised with onnx_format False; take Paddle alone"):
        export.run(tiny.settings(data, tmp_path, **changes, Inference__onnx=True))
    manifest = export.run(tiny.settings(data, tmp_path, **changes))
    assert set(manifest["engines"]) == {"paddle"} and manifest["engines"]["paddle"]["agreement"] >= 0.98
