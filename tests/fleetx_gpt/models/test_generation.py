# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""How text goes on."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
from fleetx.models import generation
from fleetx.models.build import build
from fleetx.settings.task import GenerationSettings
from small_networks import answer, ids, small


def test_greedy_generation_with_and_without_cache():
    paddle.seed(3)  # the third token below has to be another one than the first
    network, prompt = build(small()), ids(length=3)
    how = GenerationSettings(decode_strategy="greedy_search", max_dec_len=8)
    answers = generation.generate(generation.cached(network, 2), prompt, how, 16, None)
    again = generation.generate(generation.uncached(lambda seen: answer(network, seen)), prompt, how, 16, None)
    assert answers == again and [len(row) for row in answers] == [8, 8]
    assert answers[0][0] == answer(network, prompt)[0, -1].argmax()
    capped = generation.generate(generation.cached(network, 2), prompt, how, 5, None)
    assert capped == [row[:2] for row in answers]
    end = answers[0][2]
    ended = generation.generate(generation.cached(network, 2), prompt, how, 16, end)
    assert ended[0] == answers[0][: answers[0].index(end)]


def test_sampling_takes_from_the_nucleus():
    logits = np.log(np.array([[0.5, 0.3, 0.15, 0.05]])).repeat(4000, axis=0)

    def drawn(**how):
        tokens = generation.choose(logits, GenerationSettings(**how), np.random.default_rng(0))
        return np.bincount(tokens, minlength=4) / 4000

    np.testing.assert_allclose(drawn(top_k=0, top_p=1.0), [0.5, 0.3, 0.15, 0.05], atol=0.03)
    np.testing.assert_allclose(drawn(top_k=0, top_p=0.75), [0.625, 0.375, 0, 0], atol=0.03)
    np.testing.assert_allclose(drawn(top_k=1, top_p=1.0), [1, 0, 0, 0])
    np.testing.assert_allclose(drawn(top_k=0, top_p=0.2), [1, 0, 0, 0])
    cold = drawn(top_k=0, top_p=1.0, temperature=0.1)
    assert cold[0] > 0.98


def test_the_end_waits_for_min_dec_len():
    def always_end(new):
        logits = np.zeros((1, 5))
        logits[:, 3] = 9
        return logits

    how = GenerationSettings(decode_strategy="greedy_search", min_dec_len=2, max_dec_len=9)
    assert generation.generate(always_end, np.zeros((1, 1), "int64"), how, 20, 3) == [[0, 0]]
