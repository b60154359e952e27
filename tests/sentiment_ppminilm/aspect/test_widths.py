# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Reordering changes nothing, and a cut that computes something else stops the run."""

import common  # noqa: F401  before paddle
from common import parity
from common.export import write_bundle
from common.parity import GateFailed

import model
import numpy as np
import paddle
import pytest
from aspect import export, trainer, widths


def test_reordering_does_not_change_what_is_computed(tiny, trained):
    """Largest difference 1e-5 after the important heads and neurons were put first."""
    from common.compress import ofa

    network = model.load(trained)
    labels = trainer.labels_of(trained)
    batches = export.gate_batches(trainer.dataset(tiny.dev, trained / "vocab.txt", labels, 32, False))
    before = write_bundle.answers(network, batches)
    random = np.random.default_rng(0)
    scores = ofa.Importance([random.random(4) for _ in range(2)], [random.random(64) for _ in range(2)])
    ofa.reorder(widths.encoder_of(network), scores)
    after = write_bundle.answers(network, batches)
    assert parity.compare(before, after, export.KIND.decide).max_abs_diff < 1e-5


def test_a_cut_that_differs_from_the_super_network_stops(tiny, trained):
    from common.compress import distill

    keep = distill.KeepBest(
        {0.5: trained}, "f1", cut=lambda *_: paddle.nn.Layer(), save=None,
        compare=lambda *_: parity.Comparison(0.5, 1.0),
    )  # fmt: skip
    with pytest.raises(GateFailed, match="cut out of the super-network: largest difference"):
        keep(model.load(trained), 0.5, {"eval_f1": 1.0})
