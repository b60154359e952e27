# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Weights that are worked out are those of the network."""

import common  # noqa: F401  before paddle

import pytest
import tiny
from fleetx.models import quantize
from fleetx.models.build import build, parameter_count
from fleetx.parallel import estimate, sizes
from fleetx.settings.load import load

CONFIGS = sorted(path for path in tiny.CONFIGS.rglob("*.yaml") if path.parent.name != "benchmark")
QAT = {"Compress__Quantization__enable": True}
PACT = {f"Compress__Quantization__{which}_preprocess_type": "PACT" for which in ("weight", "activation")}


def silent(path, *overrides):
    return load(path, overrides, warn=lambda _: None)


def network_of(settings):
    network = build(settings.Model)
    if settings.Compress.Quantization.enable:
        quantize.wrap(network, settings.Compress.Quantization)
    network.train()
    return network


def test_published_sizes():
    """GPT-345M and 6.7B with their own vocabularies, and ViT-B/16 at 384 pixels, as their papers count them."""
    sized = {path.stem: sizes.whole_count(silent(path).Model) for path in CONFIGS}
    assert sized["pretrain_gpt_345M_single_card"] == 354_871_296  # of GPT-2's 354,823,168: 47 more rows of the table
    assert 354_871_296 - 354_823_168 == (50304 - 50257) * 1024
    assert sized["pretrain_gpt_6.7B_sharding16"] == pytest.approx(6.7e9, rel=0.01)
    assert sized["vit_base_patch16_384_pretrain"] == 86_859_496
    parts = silent(tiny.CONFIGS / "gpt" / "qat_gpt_345M_mp8.yaml")
    assert estimate.of_settings(parts)["processes"] == 8
    assert estimate.of_settings(silent(tiny.CONFIGS / "gpt" / "qat_gpt_6.7B_sharding16.yaml"))["processes"] == 16


@pytest.mark.parametrize(
    ("config", "changes"),
    [
        ("gpt_tiny", {}),
        ("gpt_tiny", {"Model__fuse_attn_qkv": False, "Model__num_layers": 3}),
        ("gpt_tiny", QAT | PACT),
        ("gpt_tiny", QAT | {"Compress__Quantization__freeze_embedding": True}),
        ("gpt_tiny", QAT | {"Compress__Quantization__skip_tensor_map": "{block_1: [linear1, out_proj]}"}),
        ("gpt_tiny", QAT | {"Compress__Quantization__weight_quantize_type": "abs_max"}),
        ("vit_tiny", {}),
    ],
)
def test_weights_are_those_of_the_network(data, tmp_path, config, changes):
    settings = tiny.settings(data, tmp_path, config, **changes)
    network, found = network_of(settings), sizes.weights_of(settings)
    if config == "gpt_tiny":
        assert {each.name: (each.size, each.trained) for each in found} == {
            name: (weight.size, not weight.stop_gradient) for name, weight in network.named_parameters()
        }
    assert sum(each.size for each in found) == sum(weight.size for weight in network.parameters())
    assert sizes.whole_count(settings.Model) == parameter_count(build(settings.Model))
