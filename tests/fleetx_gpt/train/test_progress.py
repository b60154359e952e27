# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The bar on a terminal."""

import sys

import common  # noqa: F401  before paddle

from fleetx.train import progress


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = progress.Progress(2, 4, "tokens/s")
    bar.advance(100)
    bar.log(3, loss=2.5, lr=0.1)
    bar.told("eval", 3, {"loss": 1.25})
    bar.close()
    told = capsys.readouterr()
    assert "loss 2.5  lr 0.1" in told.err and "tokens/s" in told.err and "3/4" in told.err
    assert "eval at step 3: loss 1.25" in told.out
