# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bundles of a tiny PP-MiniLM with random weights, FP32 and INT8, laid out as the app's folders, and data for them."""

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

from common import files
from common.bundle import bundle
from common.data import vocabulary
from common.export import onnx_encoder, onnx_weights, program
from common.models import int8 as quantize

import numpy as np

ASPECTS = ["服务很好", "味道太差", "价格便宜", "环境安静", "好吃"]
TEXTS = ["老板服务很好，菜也好吃", "味道太差，不来了", "价格便宜", "环境安静而且服务很好，下次再来", "不好吃", "很好"]
TOKENS = [*vocabulary.SPECIALS, *sorted(set("".join([*ASPECTS, *TEXTS])) | set("abcdef"))]
LABELS, NAMES = ["0", "1"], ["negative", "positive"]
INPUTS = ("input_ids", "token_type_ids")
POSITIONS = 256  # the document's --max_seq_len
SHAPE = {
    "vocab_size": len(TOKENS),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": POSITIONS,
    "type_vocab_size": 4,
    "pad_token_id": 0,
    "num_labels": len(LABELS),
}


@cache
def model(int8: bool = False):
    """In evaluation mode; weights are random and large, so that a wrong mask, type or order of inputs shows."""
    import paddle
    from model import PPMiniLMForAspect
    from paddlenlp.transformers.ppminilm.configuration import PPMiniLMConfig

    paddle.seed(3)
    chance = np.random.default_rng(3)
    made = PPMiniLMForAspect(PPMiniLMConfig(**SHAPE))
    for weight in made.parameters():
        spread = 0.3 if len(weight.shape) > 1 else 0.1
        weight.set_value(weight.numpy() + chance.normal(0, spread, weight.shape).astype("float32"))
    made.classifier.bias.set_value(np.zeros(2, "float32"))
    made.eval()
    if int8:
        settings = {"weight_type": "abs_max", "activation_type": "moving_average_abs_max", "moving_rate": 0.9}
        quantize.calibrate(
            made, [dict(zip(INPUTS, map(paddle.to_tensor, pair), strict=True)) for pair in batches()], settings
        )
    return made


def pairs() -> list[tuple[str, str]]:
    return [(aspect, text) for aspect in ASPECTS for text in TEXTS]


def batches() -> list[tuple[np.ndarray, np.ndarray]]:
    """Ids and types [1, length] of every pair."""
    from common.data.tokenizer import WordPieceTokenizer

    encoded = [WordPieceTokenizer(TOKENS).encode_pair(*pair, POSITIONS) for pair in pairs()]
    return [(np.array([each.ids], "int64"), np.array([each.token_type_ids], "int64")) for each in encoded]


@cache
def logits(int8: bool = False) -> np.ndarray:
    """What the dynamic graph says of each pair, float32 [pairs, 2]."""
    import paddle

    with paddle.no_grad():
        return np.concatenate([model(int8)(*map(paddle.to_tensor, batch)).numpy() for batch in batches()])


@cache
def folder(int8: bool = False) -> Path:
    """A folder with bundle/ and the links infer.pdmodel, infer.pdiparams; do not write into it, take a `copy`."""
    place = Path(tempfile.mkdtemp(prefix="tiny_bundle_"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    made = place / "bundle"
    made.mkdir()
    network = model(int8)
    program.save_program(network, made / "model", "int64", INPUTS)
    head = onnx_weights.Head("logits", program.linear_arrays(network.classifier), "sentence")
    style = "onnxruntime" if int8 else "portable"
    encoder = program.encoder_arrays(network.ppminilm)
    onnx_encoder.build(encoder, [head], made / "model.onnx", style, pairs=True, dtype="int64")
    vocabulary.write(made / "vocab.txt", TOKENS)
    files.write_json(made / "labels.json", {"class": LABELS})
    bundle.write_manifest(made, manifest(int8))
    for ending in ("pdmodel", "pdiparams"):
        (place / f"infer.{ending}").symlink_to(Path("bundle") / f"model.{ending}")
    return place


def manifest(int8: bool = False) -> dict:
    return {
        "format": 1,
        "app": "sentiment_ppminilm",
        "task": "aspect_sentiment",
        "stage": "static_int8" if int8 else "original",
        "precision": "int8" if int8 else "fp32",
        "embedding": "fp32",
        "architecture": program.architecture(model(int8).ppminilm, "ppminilm"),
        "inputs": [{"name": name, "shape": [-1, -1], "dtype": "int64"} for name in INPUTS],
        "outputs": [{"name": "logits", "shape": [-1, len(LABELS)]}],
        "label_names": NAMES,
        "max_length": POSITIONS,
        "pad_id": 0,
        "tokenizer": {"rules_version": 1, "vocab_size": len(TOKENS)},
        "metrics": {},
        "engines": {},
        **({"int8_ops": quantize.onednn_operators(model(int8))} if int8 else {}),
    }


def copy(target: Path, int8: bool = False, **changes) -> Path:
    """A copy of `folder`, top-level manifest keys changed as given and the sums made anew."""
    shutil.copytree(folder(int8), target, symlinks=True)
    if changes:
        written = json.loads((target / "bundle" / "manifest.json").read_text())
        bundle.write_manifest(target / "bundle", {**written, **changes})
    return target


def write_data(path: Path, wrong: tuple[int, ...] = (), int8: bool = False) -> Path:
    """Every pair with the label that the dynamic graph gives it, but for the rows in `wrong`."""
    predicted = logits(int8).argmax(axis=1)
    lines = []
    for number, (aspect, text) in enumerate(pairs()):
        label = predicted[number] ^ (number in wrong)
        lines.append(f"{LABELS[label]}\t{aspect}\t{text}\n")
    files.write_text(path, "".join(lines))
    return path


def write_labels(path: Path, labels: list[str] = LABELS) -> Path:
    files.write_text(path, "".join(f"{label}\n" for label in labels))
    return path
