# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""BERT's forward pass in NumPy, float64: what converted weights are compared with. After Devlin et al. 2018."""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from scipy.special import erf, softmax


def hidden_states(weights: Mapping[str, np.ndarray], config: Mapping, ids: Sequence[int]) -> np.ndarray:
    """States of the last layer, float64 [length, features], of one text whose token types are all 0.

    Args:
        weights: under Hugging Face's names, matrices [out, in].
        config: `num_hidden_layers`, `num_attention_heads`, `layer_norm_eps`.
        ids: token ids [length]; none of them is padding.
    """
    epsilon = config.get("layer_norm_eps", 1e-12)

    def of(name: str) -> np.ndarray:
        return weights[name].astype("float64")

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ of(f"{name}.weight").T + of(f"{name}.bias")

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
        return scaled * of(f"{name}.weight") + of(f"{name}.bias")

    def heads(x: np.ndarray) -> np.ndarray:  # [length, features] -> [heads, length, features of a head]
        return x.reshape(len(x), config["num_attention_heads"], -1).swapaxes(0, 1)

    x = weights["embeddings.word_embeddings.weight"][list(ids)].astype("float64")
    x = x + of("embeddings.position_embeddings.weight")[: len(x)] + of("embeddings.token_type_embeddings.weight")[0]
    x = norm(x, "embeddings.LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        here = f"encoder.layer.{layer}"
        q, k, v = (heads(dense(x, f"{here}.attention.self.{part}")) for part in ("query", "key", "value"))
        share = softmax(q @ k.swapaxes(1, 2) / sqrt(q.shape[-1]), axis=-1)
        context = (share @ v).swapaxes(0, 1).reshape(x.shape)
        x = norm(x + dense(context, f"{here}.attention.output.dense"), f"{here}.attention.output.LayerNorm")
        inner = dense(x, f"{here}.intermediate.dense")
        inner = inner * (1 + erf(inner / sqrt(2))) / 2  # the exact GELU
        x = norm(x + dense(inner, f"{here}.output.dense"), f"{here}.output.LayerNorm")
    return x
