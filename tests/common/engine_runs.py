# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Batches for the fixture bundle, engines in child processes, and an INT8 file that saturates without VNNI."""

from pathlib import Path

from common.child import run_child
from common.engines import runtime

import bundle_fixture
import numpy as np
import pytest

# Sentences of different lengths, a padded batch, a single [CLS] [SEP], and the full 16 positions.
VOCAB = bundle_fixture.GOLDEN_VOCAB.read_text(encoding="utf-8").splitlines()


PAD, CLS, SEP = map(VOCAB.index, ("[PAD]", "[CLS]", "[SEP]"))


def ids(text: str) -> list[int]:
    return [CLS, *map(VOCAB.index, text), SEP]


BATCHES = [
    [ids("听刘德华")],
    [ids("放一首刘德华"), ids("导航") + [PAD] * 4],
    [[CLS, SEP]],
    [[CLS, *range(40, 54), SEP]],
]


def need(engine: str) -> None:
    lack = runtime.available(engine)
    if lack:
        pytest.skip(lack)


def child(engine: str, batches=BATCHES, bundle=None, **arguments) -> dict:
    arguments = {"bundle": str(bundle or bundle_fixture.bundle()), "engine": engine, "batches": batches, **arguments}
    return run_child("common.engines.child", arguments, timeout=120)


def write_int8_onnx(path: Path, style: str = "onnxruntime") -> None:
    """The fixture's shape with random INT8 layers, in our fused operators or in those that every engine reads."""
    from common.export.onnx_encoder import build
    from common.export.onnx_weights import Encoder, Head, Layer, Linear, Table

    chance = np.random.default_rng(1)
    size, inner, count = bundle_fixture.HIDDEN, 2 * bundle_fixture.HIDDEN, bundle_fixture.HEADS

    def real(*shape: int) -> np.ndarray:
        return chance.normal(size=shape).astype(np.float32)

    def linear(rows: int, columns: int, int8: bool = True) -> Linear:
        if not int8:
            return Linear(real(rows, columns), real(columns))
        weight = chance.choice(np.array([-127, 126, 127], np.int8), (rows, columns))  # what saturation would hit
        return Linear(weight, real(columns), np.full(columns, 2e-3, np.float32), 0.02)

    norm = (np.ones(size, np.float32), np.zeros(size, np.float32))
    layer = Layer(
        *(linear(size, size) for _ in range(4)),
        linear(size, inner),
        linear(inner, size),
        norm,
        norm,
        heads=count,
    )
    tables = Table(real(len(VOCAB), size)), Table(real(bundle_fixture.POSITIONS, size)), None
    encoder = Encoder(*tables, norm, [layer], linear(size, size, int8=False), size // count)
    heads = [
        Head("intent_logits", linear(size, len(bundle_fixture.INTENTS), int8=False), "sentence"),
        Head("slot_logits", linear(size, len(bundle_fixture.SLOTS), int8=False), "tokens"),
    ]
    build(encoder, heads, path, style)
