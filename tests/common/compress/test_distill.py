# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Cutting, keeping the best, first batches of a training set; the trainings themselves are in the apps' tests."""

from dataclasses import dataclass

from common import files, parity
from common.compress import distill, ofa
from common.models import checkpoint, width
from common.models.encoders import encoder_of

import numpy as np
import paddle
import pytest
from small_classifiers import ErnieForTokens, build

HEADS = {"num_labels": 3}
IDS = paddle.to_tensor([[2, 3, 4, 5], [6, 7, 8, 0]])


@pytest.fixture
def super_network():
    network = build(ErnieForTokens, HEADS)
    ofa.make_elastic(encoder_of(network))
    return network


@pytest.mark.parametrize("share", [1.0, 0.75, 0.5])
def test_a_cut_computes_what_the_super_network_does_at_its_width(super_network, share):
    """Within 1e-6; its config says its heads and neurons."""
    small = distill.cut_out(super_network, build(ErnieForTokens, HEADS, seed=9), encoder_of, share)
    ofa.set_width(encoder_of(super_network), share)
    small.eval()
    np.testing.assert_allclose(small(IDS).numpy(), super_network(IDS).numpy(), atol=1e-6)
    assert width.heads_of(encoder_of(small)) == [round(4 * share)] * 2


class Kept:
    """Calls of save."""

    def __init__(self):
        self.saved = []

    def __call__(self, super_network, small, share, folder, evaluated):
        self.saved.append((share, folder, evaluated["eval_f1"]))


def keeper(folders, same=1.0, difference=0.0, **more):
    kept = Kept()
    comparison = parity.Comparison(max_abs_diff=difference, agreement=same)
    keep = distill.KeepBest(folders, "eval_f1", lambda *_: paddle.nn.Layer(), lambda *_: comparison, kept, **more)
    return keep, kept


def test_only_what_is_better_is_saved(tmp_path):
    keep, kept = keeper({0.5: tmp_path / "half", 1.0: tmp_path / "whole"})
    for share, score in ((1.0, 0.7), (0.5, 0.6), (1.0, 0.7), (0.5, 0.65), (1.0, 0.6)):
        keep(paddle.nn.Layer(), share, {"eval_f1": score})
    assert kept.saved == [
        (1.0, tmp_path / "whole", 0.7),
        (0.5, tmp_path / "half", 0.6),
        (0.5, tmp_path / "half", 0.65),
    ]


def test_a_resumed_run_must_surpass_what_lies_there(tmp_path):
    files.write_json(tmp_path / checkpoint.RECORD, {"metrics": {"f1": 0.8}})
    keep, kept = keeper({0.5: tmp_path}, resumed=True)
    keep(paddle.nn.Layer(), 0.5, {"eval_f1": 0.75})
    assert kept.saved == []
    keep, kept = keeper({0.5: tmp_path})
    keep(paddle.nn.Layer(), 0.5, {"eval_f1": 0.75})
    assert [score for _, _, score in kept.saved] == [0.75]


@pytest.mark.parametrize(("same", "difference"), [(0.99, 0.0), (1.0, 2e-4), (1.0, float("inf"))])
def test_a_cut_that_differs_is_not_saved(tmp_path, same, difference):
    keep, kept = keeper({0.5: tmp_path}, same, difference)
    with pytest.raises(parity.GateFailed, match=r"width 0\.5 cut out of the super-network"):
        keep(paddle.nn.Layer(), 0.5, {"eval_f1": 0.9})
    assert kept.saved == []


@dataclass(frozen=True)
class Row:
    ids: list[int]


def collate(rows):
    return {"ids": np.array([row.ids[0] for row in rows], "int64")}


def test_the_first_batches_are_those_of_the_seed():
    rows = [Row([number] * (1 + number % 5)) for number in range(40)]
    drawn = [
        [batch["ids"].numpy().tolist() for batch in distill.first_batches(rows, collate, 4, seed, 3)]
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert [len(batch) for batch in drawn[0]] == [4, 4, 4]
    assert len(distill.first_batches(rows, collate, 4, 1, 99)) == 10  # all there are
