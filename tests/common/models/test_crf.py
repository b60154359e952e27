# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The CRF's loss against every path written out."""

import itertools

import common  # noqa: F401  before paddle

import numpy as np
import pytest

LABELS = np.array([[-100, 0, 2, 1, 1, -100], [-100, 1, 0, -100, -100, -100], [-100, 2, -100, -100, -100, -100]])


def path_score(emissions, transitions, path):
    start, end, pairs = (np.array(transitions[name]) for name in ("start", "end", "pairs"))
    inside = sum(emissions[t, tag] for t, tag in enumerate(path)) + sum(
        pairs[a, b] for a, b in itertools.pairwise(path)
    )
    return start[path[0]] + inside + end[path[-1]]


def likelihood_by_enumeration(logits, transitions):
    losses = []
    for row, label in zip(logits, LABELS, strict=True):
        gold = label[label >= 0]
        emissions = row[1 : 1 + len(gold)]
        scores = [path_score(emissions, transitions, p) for p in itertools.product(range(3), repeat=len(gold))]
        losses.append((np.logaddexp.reduce(scores) - path_score(emissions, transitions, gold)) / len(gold))
    return np.mean(losses)


def test_loss_is_the_likelihood_over_all_paths():
    from common.models.crf import Crf

    import paddle

    paddle.seed(1)
    crf = Crf(3)
    for parameter in crf.parameters():
        parameter.set_value(paddle.randn(parameter.shape))
    logits = np.random.default_rng(2).normal(size=(3, 6, 3)).astype("float32")
    loss = crf.loss(paddle.to_tensor(logits), paddle.to_tensor(LABELS))
    assert float(loss) == pytest.approx(likelihood_by_enumeration(logits, crf.transitions()), abs=1e-5)
    loss.backward()
    assert all(float(parameter.grad.abs().sum()) > 0 for parameter in crf.parameters())


def test_paddlenlp_crf_is_still_not_the_likelihood():
    """The reason for a CRF of our own: when this fails, PaddleNLP's has been mended and ours can go."""
    import paddle
    from paddlenlp.layers import LinearChainCrf, LinearChainCrfLoss

    paddle.seed(1)
    chain = LinearChainCrf(3, with_start_stop_tag=False)
    chain.transitions.set_value(paddle.randn([3, 3]))
    logits = np.random.default_rng(2).normal(size=(3, 6, 3)).astype("float32")
    lengths = (LABELS >= 0).sum(1)
    theirs = LinearChainCrfLoss(chain)(
        paddle.to_tensor(logits[:, 1:]), paddle.to_tensor(lengths), paddle.to_tensor(np.maximum(LABELS[:, 1:], 0))
    )
    transitions = {"start": [0.0] * 3, "end": [0.0] * 3, "pairs": chain.transitions.numpy().tolist()}
    right = likelihood_by_enumeration(logits, transitions)
    assert abs(float((theirs.numpy() / lengths).mean()) - right) > 1e-2
