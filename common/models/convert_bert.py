# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A BERT under Hugging Face's names to a folder that PaddleNLP loads as BERT, ERNIE or PP-MiniLM.

The three compute the same from the same weights; only the names of classes and weights differ. ERNIE's shapes with 4 or
6 layers of 384 features are those of ERNIE 3.0 micro and mini.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.cli import UserError
from common.models.wheel_weights import Source, safetensors

import numpy as np

CLASSES = {"bert": "Bert", "ernie": "Ernie", "ppminilm": "PPMiniLM"}
KEPT = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "max_position_embeddings",
    "type_vocab_size",
    "initializer_range",
    "layer_norm_eps",
)
RENAMED = (  # in this order
    (r"^embeddings\.LayerNorm", "embeddings.layer_norm"),
    (r"^encoder\.layer\.", "encoder.layers."),
    (r"attention\.self\.query", "self_attn.q_proj"),
    (r"attention\.self\.key", "self_attn.k_proj"),
    (r"attention\.self\.value", "self_attn.v_proj"),
    (r"attention\.output\.dense", "self_attn.out_proj"),
    (r"attention\.output\.LayerNorm", "norm1"),
    (r"intermediate\.dense", "linear1"),
    (r"output\.dense", "linear2"),
    (r"output\.LayerNorm", "norm2"),
)


@dataclass(frozen=True)
class Bert:
    """A plain BERT: `config` and `weights` under Hugging Face's names, matrices [out, in], and its vocabulary."""

    config: dict
    weights: dict[str, np.ndarray]
    tokens: list[str]


def read(source: Source) -> Bert:
    """What `config.json`, `model.safetensors` and `vocab.txt` describe.

    Raises:
        UserError: a file is missing or damaged, or it is not a plain, uncased BERT.
    """
    said = source.json("config.json")
    where = f"{source.path}: config.json"
    if said.get("model_type") != "bert":
        raise UserError(f"{where}: model_type is {said.get('model_type')}; only bert is read here")
    if said.get("hidden_act", "gelu") != "gelu" or said.get("position_embedding_type", "absolute") != "absolute":
        raise UserError(f"{where}: another activation or position embedding than plain BERT has")
    if source.place_of("tokenizer_config.json") and source.json("tokenizer_config.json").get("do_lower_case") is False:
        raise UserError(f"{source.path}: a model of cased text, which this project's tokenizer does not read")
    weights = safetensors(source.read("model.safetensors"), f"{source.path}: model.safetensors")
    weights = {name.removeprefix("bert."): value for name, value in weights.items() if not name.startswith("cls.")}
    tokens = source.read("vocab.txt").decode("utf-8").removesuffix("\n").split("\n")
    return Bert({name: said[name] for name in KEPT if name in said}, weights, tokens)


def with_layers(bert: Bert, layers: Sequence[int] | None) -> Bert:
    """The same with only these layers, in this order; None keeps all.

    Raises:
        UserError: a layer that the model does not have, or none at all.
    """
    if layers is None:
        return bert
    known = bert.config["num_hidden_layers"]
    if not layers or any(not 0 <= layer < known for layer in layers):
        raise UserError(f"--layers {','.join(map(str, layers))}: the model has layers 0 to {known - 1}")
    weights = {name: value for name, value in bert.weights.items() if not name.startswith("encoder.")}
    for place, layer in enumerate(layers):
        before = f"encoder.layer.{layer}."
        weights |= {
            f"encoder.layer.{place}.{name.removeprefix(before)}": value
            for name, value in bert.weights.items()
            if name.startswith(before)
        }
    return Bert(bert.config | {"num_hidden_layers": len(layers)}, weights, bert.tokens)


def paddle_state(weights: Mapping[str, np.ndarray], family: str) -> dict[str, np.ndarray]:
    """The weights under PaddleNLP's names, whose Linear layers are [in, out].

    Args:
        family: bert, ernie or ppminilm.
    """
    state = {}
    for name, value in weights.items():
        linear = value.ndim == 2 and not name.startswith("embeddings.")
        for pattern, new in RENAMED:
            name = re.sub(pattern, new, name)
        state[f"{family}.{name}"] = np.ascontiguousarray(value.T if linear else value, dtype="float32")
    return state


def write(bert: Bert, family: str, folder: Path) -> None:
    """config.json, model_state.pdparams, vocab.txt and tokenizer_config.json into a folder that exists.

    Raises:
        UserError: a weight too many or too few for a plain BERT of these sizes.
    """
    import paddle

    layers = bert.config["num_hidden_layers"]
    expected = 5 + 16 * layers + 2  # embeddings, layers, pooler
    if len(bert.weights) != expected:
        raise UserError(f"{len(bert.weights)} weights, but a plain BERT of {layers} layers has {expected}")
    name = CLASSES[family]
    config = {"model_type": family, "architectures": [f"{name}Model"], **bert.config, "pad_token_id": 0}
    files.write_json(folder / "config.json", config)
    files.write_text(folder / "vocab.txt", "\n".join(bert.tokens) + "\n")
    files.write_json(folder / "tokenizer_config.json", {"tokenizer_class": f"{name}Tokenizer", "do_lower_case": True})
    state = {key: paddle.to_tensor(value) for key, value in paddle_state(bert.weights, family).items()}
    paddle.save(state, str(folder / "model_state.pdparams"))
