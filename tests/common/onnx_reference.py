# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An encoder of random weights, and a NumPy reference of it that is written without looking at ONNX."""

from dataclasses import replace
from math import erf

from common import machine
from common.cli import UserError
from common.export import onnx_file
from common.export.onnx_weights import Encoder, Head, Layer, Linear, Table

import numpy as np
import onnxruntime

HIDDEN, HEAD_SIZE, ROWS = 48, 8, 50  # 6 heads would be whole: the layers below are pruned to 4 and 3


STYLES = ("portable", "onnxruntime")


IDS = np.array([[2, 7, 31, 49, 5, 3], [2, 19, 3, 0, 0, 0]], np.int32)


class Maker:
    """Random weights of a sensible size; the same for the same seed."""

    def __init__(self, int8: bool, seed: int = 3, largest: int = 127):
        self.int8, self.random, self.largest = int8, np.random.default_rng(seed), largest

    def normal(self, *shape, spread=0.3):
        return self.random.normal(0, spread, shape).astype(np.float32)

    def linear(self, rows, columns):
        weight, bias = self.normal(rows, columns, spread=rows**-0.5), self.normal(columns)
        if not self.int8:
            return Linear(weight, bias)
        scale = np.abs(weight).max(axis=0) / self.largest
        return Linear(np.round(weight / scale).astype(np.int8), bias, scale, 0.04)

    def table(self, rows, int8=False):
        values = self.normal(rows, HIDDEN, spread=1)
        if not int8:
            return Table(values)
        scale = np.abs(values).max(axis=1) / 127
        return Table(np.round(values / scale[:, None]).astype(np.int8), scale)

    def norm(self):
        return 1 + self.normal(HIDDEN), self.normal(HIDDEN)

    def layer(self, heads, ffn):
        width = heads * HEAD_SIZE
        shapes = [(HIDDEN, width)] * 3 + [(width, HIDDEN), (HIDDEN, ffn), (ffn, HIDDEN)]
        return Layer(*(self.linear(*shape) for shape in shapes), self.norm(), self.norm(), heads)


def make(int8=False, table_int8=False, seed=3, largest=127, **changes) -> tuple[Encoder, list[Head]]:
    maker = Maker(int8, seed, largest)
    encoder = Encoder(
        words=maker.table(ROWS, table_int8),
        positions=maker.table(12),
        token_types=maker.table(2),
        embedding_norm=maker.norm(),
        layers=[maker.layer(4, 96), maker.layer(3, 80)],
        pooler=maker.linear(HIDDEN, HIDDEN),
        head_size=HEAD_SIZE,
    )
    heads = [Head("intent", maker.linear(HIDDEN, 11), "sentence"), Head("slot", maker.linear(HIDDEN, 9), "tokens")]
    return replace(encoder, **changes), heads


class Reference:
    """float64 [batch, length, ...]; INT8 by integer sums. `nearest_tie` is how far, in steps, any quantised value was
    from a tie between two integers: below float32's noise an engine may rightly round the other way."""

    def __init__(self, encoder, heads, round_bias=False):
        self.encoder, self.heads, self.round_bias, self.nearest_tie = encoder, heads, round_bias, 0.5

    def linear(self, x, layer):
        if not layer.int8:
            return x @ layer.weight.astype(np.float64) + layer.bias
        steps = x / np.float64(np.float32(layer.input_scale))
        self.nearest_tie = min(self.nearest_tie, np.abs(np.abs(steps - np.floor(steps)) - 0.5).min())
        sums = np.clip(np.round(steps), -128, 127).astype(np.int64) @ layer.weight.astype(np.int64)
        real = np.float64(np.float32(layer.input_scale)) * layer.weight_scale.astype(np.float64)
        bias = np.round(layer.bias / real) * real if self.round_bias else layer.bias
        return sums * real + bias

    def norm(self, x, gamma_beta):
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + self.encoder.epsilon)
        return centred / spread * gamma_beta[0] + gamma_beta[1]

    def attend(self, x, layer, keep):
        batch, length = keep.shape
        shape = (batch, length, layer.heads, self.encoder.head_size)
        q, k, v = (self.linear(x, part).reshape(shape) for part in (layer.query, layer.key, layer.value))
        scores = np.einsum("bihd,bjhd->bhij", q, k) / np.sqrt(self.encoder.head_size)
        scores = np.where(keep[:, None, None, :], scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        return self.linear(np.einsum("bhij,bjhd->bihd", weights, v).reshape(batch, length, -1), layer.output)

    def activate(self, x):
        if self.encoder.activation == "relu":
            return np.maximum(x, 0)
        return 0.5 * x * (1 + np.vectorize(erf)(x / np.sqrt(2)))

    def run(self, ids, types=None):
        e = self.encoder
        types = np.zeros_like(ids) if types is None else types
        x = e.words.real().astype(np.float64)[ids] + e.positions.real()[: ids.shape[1]]
        x = x + e.token_types.real()[types] + (e.task_types.real()[0] if e.task_types else 0)
        x = self.norm(x, e.embedding_norm)
        for layer in e.layers:
            x = self.norm(x + self.attend(x, layer, ids != e.pad_id), layer.attention_norm)
            inner = self.activate(self.linear(x, layer.ffn_in))
            x = self.norm(x + self.linear(inner, layer.ffn_out), layer.ffn_norm)
        pooled = np.tanh(self.linear(x[:, 0], e.pooler)) if e.pooler else None
        return [self.linear(pooled if head.on == "sentence" else x, head.linear) for head in self.heads]


def exact(path_or_bytes):
    """What our engines open on this CPU: unsigned weights where signed ones, if there are any, would saturate."""
    if machine.has_int8_dot_product():
        return path_or_bytes
    try:
        return onnx_file.to_unsigned_weights(path_or_bytes)
    except UserError:
        return path_or_bytes


def run(path_or_bytes, ids, types=None):
    return run_as_it_is(exact(path_or_bytes), ids, types)


def run_as_it_is(path_or_bytes, ids, types=None):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    model = path_or_bytes if isinstance(path_or_bytes, bytes) else str(path_or_bytes)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"input_ids": ids} | ({} if types is None else {"token_type_ids": types}))


def assert_close(got, want, tolerance):
    """Largest difference against the largest value, output by output."""
    for one, other in zip(got, want, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() <= tolerance * max(1, np.abs(other).max())


def away_from_ties(encoder, heads, round_bias=False):
    """Ids for which float32 noise cannot flip a rounding (0.0001 steps are ten times that noise), and the answers."""
    for seed in range(50):
        ids = np.random.default_rng(seed).integers(4, ROWS, (2, 5)).astype(np.int32)
        ids[:, 0], ids[1, 3:] = 2, 0
        reference = Reference(encoder, heads, round_bias)
        answers = reference.run(ids)
        if reference.nearest_tie > 1e-4:
            return ids, answers
    raise AssertionError("no ids without a tie")
