# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""GPT-2 checkpoints in Hugging Face's layout (config.json, *.safetensors) as our sizes and weights."""

import re
from pathlib import Path

from common import files
from common.cli import UserError

import numpy as np

from fleetx.settings.build import BadValue
from fleetx.settings.model import ModelSettings
from fleetx.state import weights

WHOLE = {
    "wte.weight": "gpt.embeddings.word_embeddings.weight",
    "wpe.weight": "gpt.embeddings.position_embeddings.weight",
    "ln_f.weight": "gpt.decoder.norm.weight",
    "ln_f.bias": "gpt.decoder.norm.bias",
}
LAYER = {
    "ln_1": "norm1",
    "attn.c_attn": "self_attn.qkv_proj",
    "attn.c_proj": "self_attn.out_proj",
    "ln_2": "norm2",
    "mlp.c_fc": "linear1",
    "mlp.c_proj": "linear2",
}
# Masks, and the head, which is the token table again.
SPARE = re.compile(r"(h\.\d+\.attn\.(bias|masked_bias)|lm_head\.weight)$")
TANH_GELU = ("gelu_new", "gelu_pytorch_tanh", "gelu_fast")
DEMANDED = {  # key of config.json: the values that our model computes with
    "activation_function": TANH_GELU,
    "layer_norm_epsilon": (1e-5,),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "add_cross_attention": (False,),
    "tie_word_embeddings": (True,),
}


def read_gpt2(folder: Path) -> tuple[ModelSettings, dict[str, np.ndarray]]:
    """Sizes and float32 weights under our names.

    Raises:
        UserError: no such files, a GPT of another kind, or weights that do not fit its config.json.
    """
    folder = files.require(folder, "model folder")
    model = settings_of(files.read_json(folder / "config.json", "config.json"), folder / "config.json")
    stores = sorted(folder.glob("*.safetensors"))
    if not stores:
        raise UserError(f"{folder}: no *.safetensors; a pytorch_model.bin can run code and is not opened")
    found: dict[str, np.ndarray] = {}
    for store in stores:
        for name, array in weights.read(store).items():
            name = name.removeprefix("transformer.")
            if not SPARE.match(name):
                found[our_name(name, store)] = array.astype("float32")
    for name, array in found.items():
        if ".qkv_proj." in name:
            found[name] = by_head(array, model.num_attention_heads)
    return model, found


def settings_of(config: dict, where: Path) -> ModelSettings:
    """Our sizes from Hugging Face's. Raises `UserError` for a model that ours does not compute."""
    if not isinstance(config, dict) or config.get("model_type", "gpt2") != "gpt2":
        raise UserError(f"{where}: not of a GPT-2 (model_type {config.get('model_type') if config else None})")
    for key, allowed in DEMANDED.items():
        if key in config and config[key] not in allowed:
            raise UserError(f"{where}: {key} is {config[key]}; only {' or '.join(map(str, allowed))} can be converted")
    try:
        return ModelSettings(
            vocab_size=config["vocab_size"],
            hidden_size=config["n_embd"],
            num_layers=config["n_layer"],
            num_attention_heads=config["n_head"],
            ffn_hidden_size=config.get("n_inner") or 4 * config["n_embd"],
            max_position_embeddings=config.get("n_positions") or config["n_ctx"],
        )
    except (KeyError, TypeError, BadValue) as fault:
        raise UserError(f"{where}: describes no GPT-2: {fault}") from None


def our_name(name: str, where: Path) -> str:
    """`h.0.attn.c_proj.bias` -> `gpt.decoder.layers.0.self_attn.out_proj.bias`."""
    if name in WHOLE:
        return WHOLE[name]
    match = re.match(r"h\.(\d+)\.(.+)\.(weight|bias)$", name)
    if not match or match[2] not in LAYER:
        raise UserError(f"{where}: {name} is no weight of a GPT-2")
    return f"gpt.decoder.layers.{match[1]}.{LAYER[match[2]]}.{match[3]}"


def by_head(array: np.ndarray, heads: int) -> np.ndarray:
    """[…, all queries, all keys, all values] -> […, query, key and value of head 0, those of head 1, …]."""
    *front, width = array.shape
    split = array.reshape(*front, 3, heads, width // (3 * heads))
    return np.moveaxis(split, -2, -3).reshape(*front, width)
