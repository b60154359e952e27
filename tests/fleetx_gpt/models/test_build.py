# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which class, and what is counted."""

import common  # noqa: F401  before paddle

from fleetx.models import quantize
from fleetx.models.build import build, parameter_count
from fleetx.models.gpt import GPT
from fleetx.models.vit import ViT
from fleetx.settings.compress import QuantizationSettings
from small_networks import small, vit


def test_ranges_of_fake_quantization_are_no_parameters():
    assert isinstance(build(vit()), ViT)
    network = build(small())
    assert isinstance(network, GPT)
    count = parameter_count(network)
    quantize.wrap(network, QuantizationSettings(enable=True, activation_preprocess_type="PACT"))
    assert parameter_count(network) == count
