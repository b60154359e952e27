# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which runs may go on, and what they must not overwrite."""

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import pytest
import tiny
from fleetx.state import checkpoints, weights
from fleetx.train import run


def arrays(folder):
    found = checkpoints.open_folder(folder)
    return found.arrays(), weights.read(found.folder / checkpoints.OPTIMIZER)


def test_other_runs_are_not_overwritten(data, dense, tmp_path):
    with pytest.raises(UserError, match=r"holds epoch_\d_step_40; go on by -o Engine.save_load.ckpt_dir="):
        run.train(tiny.settings(data, dense))
    with pytest.raises(UserError, match=r"lies in the output_dir that is to be overwritten"):
        run.train(tiny.settings(data, dense, Engine__save_load__overwrite=True, Compress__pretrained=dense))
    changes = {"Compress__pretrained": dense, "Engine__max_steps": 1, "Model__hidden_size": 32}
    run.train(tiny.settings(data, tmp_path, **changes))
    assert checkpoints.open_folder(tmp_path).progress["step"] == 1  # its weights, not its step
    before, after = arrays(dense)[0], arrays(tmp_path)[0]
    assert 0 < max(np.abs(after[name] - before[name]).max() for name in before) < 0.01
