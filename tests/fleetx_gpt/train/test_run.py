# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Starts that are refused."""

import common  # noqa: F401  before paddle
from common.cli import UserError

import pytest
import tiny
from fleetx.train import run


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Model__hidden_size": 64}, r"Model.hidden_size: is 64, but .* has 32"),
        ({"Compress__pretrained": "nowhere"}, r"nowhere: no such checkpoint folder \(Compress.pretrained\)"),
        ({"Data__Train__dataset__input_dir": "None"}, r"Data.Train.dataset.input_dir: is missing; name a text"),
        ({"Global__global_batch_size": 4096, "Global__local_batch_size": 4096}, r"rows make no step of 4096"),
    ],
)
def test_starts_that_are_refused(data, dense, tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        run.train(tiny.settings(data, tmp_path, **({"Compress__pretrained": dense} | changes)))
