# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The reference against cases that can be worked out by hand, so that it does not only agree with what it judges."""

from common.models import numpy_bert

import numpy as np
import tiny_weights

CONFIG = {"num_hidden_layers": 1, "num_attention_heads": tiny_weights.HEADS, "layer_norm_eps": 1e-12}


def plain(layers: int = 1) -> dict[str, np.ndarray]:
    """Weights that leave everything as it is: matrices and biases 0, layer norms 1 and 0."""
    given = {name: np.zeros_like(value) for name, value in tiny_weights.weights(9).items()}
    given |= {name: np.ones_like(value) for name, value in given.items() if name.endswith("LayerNorm.weight")}
    words = np.random.default_rng(3).normal(size=[9, tiny_weights.HIDDEN])
    return given | {"embeddings.word_embeddings.weight": words}


def normal(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)


def test_without_matrices_only_the_norm_of_the_words_is_left():
    weights = plain()
    found = numpy_bert.hidden_states(weights, CONFIG, [3, 5])
    np.testing.assert_allclose(found, normal(weights["embeddings.word_embeddings.weight"][[3, 5]]), atol=1e-9)


def test_attention_without_keys_is_the_mean_of_the_values():
    weights = plain()
    for part in ("self.value", "output.dense"):
        weights[f"encoder.layer.0.attention.{part}.weight"] = np.eye(tiny_weights.HIDDEN)
    x = normal(weights["embeddings.word_embeddings.weight"][[3, 5, 8]])
    found = numpy_bert.hidden_states(weights, CONFIG, [3, 5, 8])
    np.testing.assert_allclose(found, normal(x + x.mean(0)), atol=1e-9)


def test_strong_keys_make_each_token_look_at_itself():
    """With equal queries and keys, far apart words, and a large factor the softmax picks the token itself."""
    weights = plain()
    words = np.zeros([9, tiny_weights.HIDDEN])
    per_head = tiny_weights.HIDDEN // tiny_weights.HEADS
    for head in range(tiny_weights.HEADS):
        words[3, head * per_head], words[5, head * per_head + 1] = 1, 1
    weights["embeddings.word_embeddings.weight"] = words
    for part in ("self.query", "self.key"):
        weights[f"encoder.layer.0.attention.{part}.weight"] = 9 * np.eye(tiny_weights.HIDDEN)
    for part in ("self.value", "output.dense"):
        weights[f"encoder.layer.0.attention.{part}.weight"] = np.eye(tiny_weights.HIDDEN)
    x = normal(words[[3, 5]])
    np.testing.assert_allclose(numpy_bert.hidden_states(weights, CONFIG, [3, 5]), normal(2 * x), atol=1e-9)


def test_positions_types_and_the_exact_gelu_count():
    weights = plain()
    weights["embeddings.position_embeddings.weight"] = np.random.default_rng(4).normal(
        size=[tiny_weights.POSITIONS, tiny_weights.HIDDEN]
    )
    weights["embeddings.token_type_embeddings.weight"] = np.random.default_rng(5).normal(size=[2, tiny_weights.HIDDEN])
    weights["encoder.layer.0.intermediate.dense.bias"] = np.ones(tiny_weights.FFN)
    weights["encoder.layer.0.output.dense.weight"] = (
        np.eye(tiny_weights.HIDDEN, tiny_weights.FFN) * np.arange(tiny_weights.HIDDEN)[:, None]
    )
    tables = ("word", "position", "token_type")
    word, place, kind = (weights[f"embeddings.{name}_embeddings.weight"] for name in tables)
    x = normal(word[[3, 5]] + place[:2] + kind[0])
    gelu_of_one = 0.8413447460685429  # the normal distribution's share below 1
    np.testing.assert_allclose(
        numpy_bert.hidden_states(weights, CONFIG, [3, 5]),
        normal(x + gelu_of_one * np.arange(tiny_weights.HIDDEN)),
        atol=1e-9,
    )
