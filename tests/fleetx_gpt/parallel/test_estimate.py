# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every shipped configuration can be estimated."""

import common  # noqa: F401  before paddle

import pytest
import tiny
from fleetx.parallel import estimate
from fleetx.settings.load import load

CONFIGS = sorted(path for path in tiny.CONFIGS.rglob("*.yaml") if path.parent.name != "benchmark")


def silent(path, *overrides):
    return load(path, overrides, warn=lambda _: None)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_can_be_estimated(path):
    settings = silent(path)
    found = estimate.of_settings(settings)
    assert len(found["stages"]) == settings.Distributed.pp_degree
    for stage in found["stages"]:
        assert stage["memory"]["total"] > 4 * stage["parameters"] / settings.Distributed.sharding.sharding_degree
    assert f"{found['parameters']:,} parameters" in estimate.tables(found)
    mp = settings.Distributed.mp_degree
    assert settings.Model.num_attention_heads % mp == 0 and settings.Model.ffn_size % mp == 0
