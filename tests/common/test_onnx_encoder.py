# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Every way of writing the encoder against a NumPy reference that is written without looking at ONNX."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from math import erf

from common import machine
from common.cli import UserError
from common.export import onnx_encoder, onnx_file
from common.export.onnx_weights import Encoder, Head, Layer, Linear, Table

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

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


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_fp32_is_the_reference(tmp_path, style, activation):
    encoder, heads = make(activation=activation)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    assert_close(run(tmp_path / "m.onnx", IDS), Reference(encoder, heads).run(IDS), 1e-5)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("int8", [False, True])
def test_padding_changes_nothing(tmp_path, style, int8):
    encoder, heads = make(int8, table_int8=int8)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    both, alone = run(tmp_path / "m.onnx", IDS), run(tmp_path / "m.onnx", np.ascontiguousarray(IDS[1:, :3]))
    assert_close([both[0][1:], both[1][1:, :3]], alone, 1e-5)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("table_int8", [False, True])
def test_int8_is_the_integer_reference(tmp_path, style, table_int8):
    encoder, heads = make(True, table_int8)
    ids, want = away_from_ties(encoder, heads, round_bias=style == "portable")
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    assert_close(run(tmp_path / "m.onnx", ids), want, 1e-4)


def test_own_scale_for_each_projection(tmp_path):
    encoder, heads = make(True)
    first = encoder.layers[0]
    encoder.layers[0] = replace(first, query=replace(first.query, input_scale=0.05))
    ids, want = away_from_ties(encoder, heads)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx")
    assert_close(run(tmp_path / "m.onnx", ids), want, 1e-4)
    nodes = onnx_file.count_nodes(tmp_path / "m.onnx")
    assert (nodes["MultiHeadAttention"], nodes["QAttention"]) == (1, 1)


def test_float_and_int8_layers_mix(tmp_path):
    encoder, _ = make(True)
    heads = make(False)[1]
    encoder.layers[1] = make(False)[0].layers[1]
    ids, want = away_from_ties(encoder, heads)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx")
    assert_close(run(tmp_path / "m.onnx", ids), want, 1e-4)


def test_counted_nodes_prove_int8(tmp_path):
    encoder, heads = make(True, True)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx")
    nodes = onnx_file.count_nodes(tmp_path / "m.onnx")
    assert nodes["QAttention"] == 2
    assert nodes["MatMulIntegerToFloat"] == 2 * 3 + 1 + 2  # output and two FFN halves, pooler, heads
    assert nodes["QuantizeLinear"] == 2 * 4 + 3  # one for each input, not for each use of it
    assert "MatMul" not in nodes and "DequantizeLinear" not in nodes
    onnx_encoder.build(encoder, heads, tmp_path / "p.onnx", "portable")
    nodes = onnx_file.count_nodes((tmp_path / "p.onnx").read_bytes())
    assert nodes["MatMul"] == 2 * (4 + 2) + 1 + 2  # the two of attention itself stay float32
    assert nodes["DequantizeLinear"] == 3 * (2 * 4 + 1 + 2)  # input, weight and bias of each Linear


@pytest.mark.parametrize("style", STYLES)
def test_tables_and_weights_are_stored_once_as_int8(tmp_path, style):
    encoder, heads = make(True, True)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    model = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(model)
    stored = [numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    assert [value.dtype for value in stored if value.shape == (ROWS, HIDDEN)] == [np.int8]
    matrices = {value.dtype for value in stored if value.ndim == 2 and value.shape[1] > 1 and value.shape[0] > 12}
    assert matrices == {np.dtype(np.int8)}
    assert {opset.domain for opset in model.opset_import} == {""} | (
        {"com.microsoft"} if style != "portable" else set()
    )


@pytest.mark.parametrize("style", STYLES)
def test_unsigned_weights_give_equal_answers(tmp_path, style):
    """Two products of 255 * 64 at most fit into 16 bits: such signed weights saturate on no CPU."""
    encoder, heads = make(True, True, largest=64)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    unsigned = onnx_file.to_unsigned_weights(tmp_path / "m.onnx")
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load_model_from_string(unsigned).graph.initializer}
    signed = [name for name, value in stored.items() if value.dtype == np.int8 and value.ndim == 2]
    assert signed == ["words"]
    for one, other in zip(run_as_it_is(unsigned, IDS), run_as_it_is(tmp_path / "m.onnx", IDS), strict=True):
        assert np.array_equal(one, other)
    assert onnx_file.count_nodes(unsigned) == onnx_file.count_nodes(tmp_path / "m.onnx")


def dynamic_product(op: str, weight: np.ndarray, zero_point: int | None) -> bytes:
    """y = x @ real weight, the input quantised at run time: by quantize_dynamic's nodes, or by what joins them."""
    floats = {"scale": np.float32(0.01), "bias": np.zeros(weight.shape[1], np.float32)}
    constants = {"weight": weight, **floats}
    if zero_point is not None:
        constants["zero"] = np.int8(zero_point)
    zero = "zero" if zero_point is not None else ""
    if op == "MatMulInteger":
        nodes = [
            helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "step", "shift"]),
            helper.make_node(op, ["q", "weight", "shift", *([zero] if zero else [])], ["sums"]),
            helper.make_node("Cast", ["sums"], ["whole"], to=1),
            helper.make_node("Mul", ["step", "scale"], ["both"]),
            helper.make_node("Mul", ["whole", "both"], ["y"]),
        ]
    else:
        words = ["x", "weight", "scale", zero, "bias"]
        nodes = [helper.make_node(op, words, ["y"], domain="com.microsoft")]
    ports = [helper.make_tensor_value_info(name, 1, ["rows", None]) for name in "xy"]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "dynamic", ports[:1], ports[1:], tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


@pytest.mark.parametrize("zero_point", [None, 0, -3])
@pytest.mark.parametrize("op", ["MatMulInteger", "DynamicQuantizeMatMul"])
def test_dynamically_quantised_products_are_exact_with_unsigned_weights(op, zero_point):
    """Pairs of large products, which saturate in 16 bits on a CPU without VNNI, against whole numbers."""
    random = np.random.default_rng(5)
    weight = random.choice(np.array([-127, 126, 127], np.int8), (64, 24))
    steps = random.choice([0, 150, 255], (5, 64))
    x = (steps / 255).astype(np.float32)
    unsigned = onnx_file.to_unsigned_weights(dynamic_product(op, weight, zero_point))
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load_model_from_string(unsigned).graph.initializer}
    assert stored["weight"].dtype == np.uint8
    answer = onnxruntime.InferenceSession(unsigned, providers=["CPUExecutionProvider"]).run(["y"], {"x": x})[0]
    whole = steps @ (weight.astype(np.int64) - (zero_point or 0))
    np.testing.assert_allclose(answer, whole / 255 * 0.01, rtol=1e-5, atol=1e-5)


def test_nothing_to_make_unsigned(tmp_path):
    onnx_encoder.build(*make(), tmp_path / "m.onnx")
    with pytest.raises(UserError, match="no INT8 weight"):
        onnx_file.to_unsigned_weights(tmp_path / "m.onnx")


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x08"])
def test_not_an_onnx_file(tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(UserError, match=r"m\.onnx: not an ONNX model"):
        onnx_file.count_nodes(tmp_path / "m.onnx")


@pytest.mark.parametrize("style", STYLES)
def test_two_segments(tmp_path, style):
    encoder, heads = make(task_types=Maker(False, 9).table(3))
    types = np.array([[0, 0, 0, 1, 1, 1], [0, 1, 1, 0, 0, 0]], np.int32)
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style, pairs=True)
    assert_close(run(tmp_path / "m.onnx", IDS, types), Reference(encoder, heads).run(IDS, types), 1e-5)


@pytest.mark.parametrize("style", STYLES)
def test_another_pad_id_and_token_heads_only(tmp_path, style):
    encoder, heads = make(pad_id=49, pooler=None)
    onnx_encoder.build(encoder, heads[1:], tmp_path / "m.onnx", style)
    assert_close(run(tmp_path / "m.onnx", IDS), Reference(encoder, heads[1:]).run(IDS), 1e-5)


def test_fast_gelu_is_near(tmp_path):
    encoder, heads = make()
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", fast_gelu=True)
    assert onnx_file.count_nodes(tmp_path / "m.onnx")["FastGelu"] == 2
    assert_close(run(tmp_path / "m.onnx", IDS), Reference(encoder, heads).run(IDS), 2e-3)


@pytest.mark.parametrize("int8", [False, True])
def test_openvino_reads_the_portable_file(tmp_path, int8):
    openvino = pytest.importorskip("openvino")
    encoder, heads = make(int8, int8)
    ids, want = away_from_ties(encoder, heads, round_bias=True) if int8 else (IDS, Reference(encoder, heads).run(IDS))
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", "portable")
    options = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    if int8 and not machine.has_int8_dot_product():
        options["LP_TRANSFORMS_MODE"] = "NO"  # as engines.OpenVino does
    compiled = openvino.Core().compile_model(tmp_path / "m.onnx", "CPU", options)
    answers = compiled({"input_ids": ids})
    assert_close([answers["intent"], answers["slot"]], want, 1e-4)


FASTDEPLOY = """
import sys, numpy, fastdeploy
option = fastdeploy.RuntimeOption()
option.set_model_path(sys.argv[1], "", fastdeploy.ModelFormat.ONNX)
option.use_cpu()
option.set_cpu_thread_num(1)
getattr(option, f"use_{sys.argv[2]}_backend")()
numpy.savez(sys.argv[4], *fastdeploy.Runtime(option).infer({"input_ids": numpy.load(sys.argv[3])}))
"""


@pytest.mark.parametrize(
    "style, int8, engine, tolerance",
    [
        ("portable", False, "ort", 1e-5),
        ("portable", True, "ort", 1e-4),
        ("onnxruntime", True, "ort", 1e-4),  # fused float32 is too new for its ONNX Runtime 1.12
        ("portable", True, "openvino", 0.1),  # it computes in bf16 where the CPU has it, and that flips roundings
    ],
)
def test_fastdeploy_reads_the_file(tmp_path, style, int8, engine, tolerance):
    if find_spec("fastdeploy") is None:  # not imported here: it brings an ONNX Runtime of its own
        pytest.skip("fastdeploy-python is not installed")
    encoder, heads = make(int8, int8)
    ids, want = (
        away_from_ties(encoder, heads, style == "portable") if int8 else (IDS, Reference(encoder, heads).run(IDS))
    )
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", style)
    if isinstance(opened := exact(tmp_path / "m.onnx"), bytes):
        (tmp_path / "m.onnx").write_bytes(opened)
    np.save(tmp_path / "ids.npy", ids)
    words = [tmp_path / "m.onnx", engine, tmp_path / "ids.npy", tmp_path / "answers.npz"]
    child = subprocess.run([sys.executable, "-c", FASTDEPLOY, *map(str, words)], capture_output=True, text=True)
    assert child.returncode == 0, child.stdout[-500:] + child.stderr[-500:]
    assert_close(list(np.load(tmp_path / "answers.npz").values()), want, tolerance)


@pytest.mark.parametrize("scale", [None, 0.0, -0.1, float("nan"), float("inf")])
def test_a_bad_scale_names_its_layer(tmp_path, scale):
    encoder, heads = make(True)
    encoder.layers[1] = replace(encoder.layers[1], key=replace(encoder.layers[1].key, input_scale=scale))
    with pytest.raises(UserError, match="layer 1 key: input_scale"):
        onnx_encoder.build(encoder, heads, tmp_path / "m.onnx")


def test_a_failed_build_leaves_the_old_file(tmp_path):
    encoder, heads = make()
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")
    encoder.layers[0] = replace(encoder.layers[0], heads=6)
    with pytest.raises(ValueError, match=r"layer 0 query: weight is \[48, 32\], expected \[48, 48\] \(6 heads of 8"):
        onnx_encoder.build(encoder, heads, path)
    with pytest.raises(ValueError, match="head intent: on must be"):
        onnx_encoder.build(make(pooler=None)[0], heads, path)
    with pytest.raises(ValueError, match="head slot: weight has 32 rows, expected 48"):
        onnx_encoder.build(make()[0], [replace(heads[1], linear=Maker(False).linear(32, 9))], path)
    with pytest.raises(ValueError, match="positions: float32"):
        onnx_encoder.build(make(positions=Table(np.zeros((12, 40), np.float32)))[0], heads, path)
    with pytest.raises(ValueError, match="different names"):
        onnx_encoder.build(make()[0], [heads[0], heads[0]], path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.onnx"] and path.read_bytes() == b"old"
