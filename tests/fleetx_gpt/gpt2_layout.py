# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A small GPT-2 in Hugging Face's layout with random weights, and what it computes, in NumPy."""

import json
from pathlib import Path

import numpy as np

SIZES = {"vocab_size": 300, "n_embd": 24, "n_layer": 3, "n_head": 4, "n_positions": 32}


def make(folder: Path, **changes) -> dict[str, np.ndarray]:
    """Write config.json, model.safetensors and a vocabulary; the weights, float32."""
    from fleetx.inputs.tokenizer import BytePairs
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_type": "gpt2", "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, **SIZES, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    random = np.random.default_rng(5)
    width = SIZES["n_embd"]

    def normal(*shape):
        return random.normal(0, 0.2, shape).astype("float32")

    weights = {"wte.weight": normal(SIZES["vocab_size"], width), "wpe.weight": normal(SIZES["n_positions"], width)}
    for n in range(SIZES["n_layer"]):
        for name, (rows, columns) in {
            "attn.c_attn": (width, 3 * width),
            "attn.c_proj": (width, width),
            "mlp.c_fc": (width, 4 * width),
            "mlp.c_proj": (4 * width, width),
        }.items():
            weights |= {f"h.{n}.{name}.weight": normal(rows, columns), f"h.{n}.{name}.bias": normal(columns)}
        for name in ("ln_1", "ln_2"):
            weights |= {f"h.{n}.{name}.weight": 1 + normal(width), f"h.{n}.{name}.bias": normal(width)}
        weights[f"h.{n}.attn.bias"] = np.tril(np.ones((1, 1, 32, 32), "float32"))
    weights |= {"ln_f.weight": 1 + normal(width), "ln_f.bias": normal(width)}
    save_file({f"transformer.{name}": array for name, array in weights.items()}, str(folder / "model.safetensors"))
    BytePairs.trained(["the cat sat on the mat and the dog sat on the log " * 3], 290).save(folder)
    return weights


def norm(x, weights, name):
    centred = x - x.mean(-1, keepdims=True)
    return (
        centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weights[f"{name}.weight"]
        + weights[f"{name}.bias"]
    )


def logits(weights: dict[str, np.ndarray], ids: np.ndarray, heads: int = SIZES["n_head"]) -> np.ndarray:
    """int [batch, length] -> float64 [batch, length, vocab]: Radford et al. 2019, written out."""
    weights = {name: array.astype("float64") for name, array in weights.items()}

    def linear(x, name):
        return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]

    batch, length = ids.shape
    x = weights["wte.weight"][ids] + weights["wpe.weight"][:length]
    for n in range(SIZES["n_layer"]):
        mixed = linear(norm(x, weights, f"h.{n}.ln_1"), f"h.{n}.attn.c_attn")
        query, key, value = (
            part.reshape(batch, length, heads, -1).transpose(0, 2, 1, 3) for part in np.split(mixed, 3, axis=-1)
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(query.shape[-1])
        scores = np.where(np.tril(np.ones((length, length), bool)), scores, -np.inf)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        context = (shares / shares.sum(-1, keepdims=True)) @ value
        x = x + linear(context.transpose(0, 2, 1, 3).reshape(batch, length, -1), f"h.{n}.attn.c_proj")
        inner = linear(norm(x, weights, f"h.{n}.ln_2"), f"h.{n}.mlp.c_fc")
        inner = 0.5 * inner * (1 + np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))
        x = x + linear(inner, f"h.{n}.mlp.c_proj")
    return norm(x, weights, "ln_f") @ weights["wte.weight"].T
