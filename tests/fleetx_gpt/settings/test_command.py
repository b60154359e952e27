# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The options of every tool."""

import tiny
from fleetx.settings.command import Options


def test_overrides_reach_the_settings():
    options = Options(tiny.CONFIGS / "small" / "gpt_tiny.yaml", ("Global.seed=7", "Global.seed=8"))
    assert options.settings().Global.seed == 8
