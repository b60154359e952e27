# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tables or JSON."""

import json
import subprocess
import sys

import common  # noqa: F401  before paddle

import tiny
from fleetx.parallel import sizes
from fleetx.settings.load import load


def silent(path, *overrides):
    return load(path, overrides, warn=lambda _: None)


def test_the_program_prints_a_table_or_json():
    path = tiny.CONFIGS / "gpt" / "qat_gpt_345M_mp8.yaml"
    run = [sys.executable, str(tiny.CONFIGS.parent / "tools" / "estimate.py"), "-c", str(path)]
    told = subprocess.run([*run, "--json"], capture_output=True, text=True, check=True).stdout
    assert json.loads(told)["stages"][0]["parameters"] == sum(w.size for w in sizes.weights_of(silent(path)))
    wrong = subprocess.run([*run, "-o", "Distributed.mp_degree=5"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "mp_degree: 5 does not divide Model.num_attention_heads" in wrong.stderr
