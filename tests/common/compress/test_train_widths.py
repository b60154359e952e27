# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The order of the steps, with an app whose trainer only evaluates; real trainings are the apps' tests."""

from types import SimpleNamespace

from common import parity
from common.compress import distill, train_widths
from common.models import width
from common.models.encoders import encoder_of
from common.train.options import TrainingOptions

import numpy as np
import paddle
import pytest
from paddle.nn import functional as F
from small_classifiers import ErnieForTokens, build

IDS = np.array([[2, 3, 4, 5], [6, 7, 8, 9]])
LABELS = np.array([[0, 1, 2, 0], [1, 1, 0, 2]])


class Once:
    """A trainer that evaluates every width a single time with a fixed score."""

    def __init__(self, model, args, teacher, widths, keep):
        self.model, self.teacher, self.widths, self.keep = model, teacher, widths, keep
        from common.compress import ofa

        ofa.make_elastic(encoder_of(model))
        self.set_width = ofa.set_width

    def train(self, resume):
        assert resume is None
        for share in self.widths:
            self.set_width(encoder_of(self.model), share)
            self.keep(self.model, share, {"eval_f1": 0.5 + share / 10})


class Tags(train_widths.App):
    encoder_of = staticmethod(encoder_of)

    def __init__(self):
        self.asked, self.saved, self.parts = [], {}, None

    def trainer(self, **parts):
        self.parts = SimpleNamespace(**parts)
        return Once(**parts)

    def load(self):
        return build(ErnieForTokens, {"num_labels": 3}, seed=7)

    def first_batches(self, count):
        self.asked.append(count)
        return [{"ids": paddle.to_tensor(IDS), "labels": paddle.to_tensor(LABELS)}]

    def loss(self, network, batch):
        return F.cross_entropy(network(batch["ids"]), batch["labels"])

    def compare(self, super_network, small):
        small.eval()
        answers = ([{"logits": network(paddle.to_tensor(IDS)).numpy()}] for network in (super_network, small))
        return parity.compare(*answers, lambda outputs: outputs["logits"].argmax(-1).reshape(-1).tolist())

    def save(self, super_network, small, share, folder, evaluated):
        self.saved[share] = (folder, evaluated["eval_f1"], width.heads_of(encoder_of(small)))


def run(tmp_path, **changes):
    app, network = Tags(), build(ErnieForTokens, {"num_labels": 3})
    before = network(paddle.to_tensor(IDS)).numpy()
    options = TrainingOptions(output_dir=tmp_path / "unused", device="cpu", seed=1)
    folders = {1.0: tmp_path / "whole", 0.5: tmp_path / "half"}
    train_widths.train_widths(network, app, folders, tmp_path / "work", options, "f1", 3, **changes)
    return app, before


@pytest.mark.parametrize("reorder", [True, False])
def test_every_width_is_cut_compared_and_saved(tmp_path, reorder):
    app, before = run(tmp_path, reorder=reorder)
    assert app.saved == {1.0: (tmp_path / "whole", 0.6, [4, 4]), 0.5: (tmp_path / "half", 0.55, [2, 2])}
    assert app.asked == ([3] if reorder else [])
    # The teacher is the model as it came; putting heads in another order changes no answer (within 1e-5).
    np.testing.assert_allclose(app.parts.teacher(paddle.to_tensor(IDS)).numpy(), before, atol=1e-6)
    from common.compress import ofa

    ofa.set_width(encoder_of(app.parts.model), 1.0)
    np.testing.assert_allclose(app.parts.model(paddle.to_tensor(IDS)).numpy(), before, atol=1e-5)


def test_a_cut_that_differs_stops_the_training(tmp_path, monkeypatch):
    cut_out = distill.cut_out

    def other(*words):
        small = cut_out(*words)
        small.classifier.bias.set_value(small.classifier.bias + 1)
        return small

    monkeypatch.setattr(distill, "cut_out", other)
    with pytest.raises(parity.GateFailed, match="width 1 cut out of the super-network"):
        run(tmp_path)


def test_a_line_says_where_a_width_lies_and_how_large_it_is(tmp_path):
    network = build(ErnieForTokens, {"num_labels": 3})
    line = train_widths.describe(0.5, tmp_path / "half", network)
    assert line == f"width 0.5: {tmp_path / 'half'}, {width.parameter_count(network) / 1e6:.1f} M parameters"
