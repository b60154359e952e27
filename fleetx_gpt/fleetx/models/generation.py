# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""How text goes on: the most probable token, or one drawn from the most probable ones."""

from collections.abc import Callable

import numpy as np
import paddle

from fleetx.models.gpt import GPT
from fleetx.settings.task import GenerationSettings

NextLogits = Callable[[np.ndarray], np.ndarray]
"""The new tokens, int64 [batch, new] (all of the prompt at first, one each time after) -> float32 [batch, vocab]."""


def choose(logits: np.ndarray, how: GenerationSettings, random: np.random.Generator) -> np.ndarray:
    """One token per row.

    Top-k keeps the k most probable tokens; nucleus sampling (Holtzman et al. 2020) of these the fewest that together
    have the probability top_p; what is left is drawn from.

    Args:
        logits: float32 [batch, vocab].
    """
    if how.decode_strategy == "greedy_search":
        return logits.argmax(axis=-1)
    order = np.argsort(-logits, axis=-1, kind="stable")
    if how.top_k:
        order = order[:, : how.top_k]
    scaled = np.take_along_axis(logits, order, axis=-1).astype("float64") / how.temperature
    shares = np.exp(scaled - scaled[:, :1])
    shares /= shares.sum(axis=-1, keepdims=True)
    before = np.cumsum(shares, axis=-1) - shares
    shares[before >= how.top_p] = 0  # the most probable one has nothing before it and stays
    shares /= shares.sum(axis=-1, keepdims=True)
    places = [random.choice(len(row), p=row) for row in shares]
    return order[np.arange(len(order)), places]


def generate(
    next_logits: NextLogits, prompt: np.ndarray, how: GenerationSettings, longest: int, end: int | None, seed: int = 0
) -> list[list[int]]:
    """The tokens behind the prompt, per row, without the ending one.

    Args:
        prompt: int64 [batch, length].
        longest: tokens that the model can see; prompt and answer together have no more.
        end: the token that ends a text; None for none.
    """
    random = np.random.default_rng(seed)
    answers: list[list[int]] = [[] for _ in prompt]
    open_rows, new = set(range(len(prompt))), prompt
    for count in range(min(how.max_dec_len, longest - prompt.shape[1])):
        logits = next_logits(new).astype("float32")
        if end is not None and count < how.min_dec_len:
            logits = logits.copy()
            logits[:, end] = -np.inf
        tokens = choose(logits, how, random)
        open_rows -= {row for row in open_rows if tokens[row] == end}
        for row in open_rows:
            answers[row].append(int(tokens[row]))
        if not open_rows:
            break
        new = tokens[:, None].astype("int64")
    return answers


def cached(network: GPT, batch: int) -> NextLogits:
    """A model in memory, which keeps keys and values of what it has seen."""
    caches = network.no_cache(batch)

    def next_logits(new: np.ndarray) -> np.ndarray:
        nonlocal caches
        with paddle.no_grad():
            logits, caches = network.forward_cached(paddle.to_tensor(new), caches)
        return logits[:, -1].astype("float32").numpy()

    return next_logits


def uncached(whole_logits: Callable[[np.ndarray], np.ndarray]) -> NextLogits:
    """Anything that answers to a whole text, such as an exported model: int64 [b, length] -> float32 [b, length, v]."""
    seen: np.ndarray | None = None

    def next_logits(new: np.ndarray) -> np.ndarray:
        nonlocal seen
        seen = new if seen is None else np.concatenate([seen, new], axis=1)
        return whole_logits(seen)[:, -1]

    return next_logits
