# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import json
import math
import shutil

from common import child, parity
from common.bundle import bundle
from common.cli import UserError
from common.engines import gate
from common.export import lite, onnx_encoder, onnx_weights, program

import numpy as np
import paddle
import pytest
from tiny_models import INTENTS, Tiny, calibrated, ids, outputs, tiny, write_bundle


def decide(answers):
    slots = answers["slot_logits"].argmax(-1).tolist()
    return [(int(intent), tuple(path)) for intent, path in zip(answers["intent_logits"].argmax(-1), slots, strict=True)]


def first(answers):
    return answers["x"].argmax(-1).tolist()


def test_batches_hold_sentences_of_one_length():
    sentences = [[2, 5, 3], [2, 3], [2, 6, 3], [2, 7, 8, 3], [2, 9, 3]]
    found = parity.batches_by_length(sentences, size=2)
    assert [batch.tolist() for batch in found] == [[[2, 3]], [[2, 5, 3], [2, 6, 3]], [[2, 9, 3]], [[2, 7, 8, 3]]]
    assert {batch.dtype for batch in found} == {np.dtype("int64")}
    assert parity.batches_by_length([]) == []


def test_pair_batches_hold_ids_and_types_of_one_length():
    rows = [([2, 5, 3], [0, 0, 1]), ([2, 3], [0, 1]), ([2, 6, 3], [0, 1, 1]), ([2, 9, 3], [0, 0, 0])]
    found = parity.pair_batches_by_length(rows, size=2)
    assert [[array.tolist() for array in batch] for batch in found] == [
        [[[2, 3]], [[0, 1]]],
        [[[2, 5, 3], [2, 6, 3]], [[0, 0, 1], [0, 1, 1]]],
        [[[2, 9, 3]], [[0, 0, 0]]],
    ]
    assert {type(batch) for batch in found} == {tuple}
    assert {array.dtype for batch in found for array in batch} == {np.dtype("int64")}
    assert parity.pair_batches_by_length([]) == []
    with pytest.raises(ValueError, match="row 0: 3 token ids, but 2 token types"):
        parity.pair_batches_by_length([([2, 5, 3], [0, 0])])


def test_compare_finds_the_largest_difference_and_the_changed_decisions():
    reference = [{"x": np.array([[1.0, 0], [0, 1]])}, {"x": np.array([[3.0, 2], [3, 0]])}]
    answers = [{"x": np.array([[1.0, 0], [0, 1.25]])}, {"x": np.array([[3.0, 3.5], [3, 0]])}]
    assert parity.compare(reference, answers, first) == parity.Comparison(max_abs_diff=1.5, agreement=0.75)
    assert parity.compare(reference, reference, first) == parity.Comparison(max_abs_diff=0.0, agreement=1.0)


def test_compare_leaves_out_what_an_engine_of_fixed_length_answers_for_padding():
    reference = [{"x": np.zeros([2, 3])}]
    longer = [{"x": np.concatenate([np.zeros([2, 3]), np.full([2, 4], 9.0)], axis=1)}]
    assert parity.compare(reference, longer, first) == parity.Comparison(max_abs_diff=0.0, agreement=1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_never_passes(value):
    """max() passes over a NaN, and argmax may decide as before: this gate once let such an engine through."""
    reference = [{"x": np.array([[1.0, 0]])}, {"x": np.array([[1.0, 0]])}]
    broken = [{"x": np.array([[1.0, value]])}, {"x": np.array([[1.0, 0]])}]
    result = parity.compare(reference, broken, lambda answers: [0])
    assert result == parity.Comparison(math.inf, 1.0)
    for tolerance in (1e-4, None):
        with pytest.raises(parity.GateFailed):
            parity.require(result, "it", tolerance, 0.0)


def test_require_says_both_figures_and_both_bounds():
    with pytest.raises(parity.GateFailed) as caught:
        parity.require(parity.Comparison(0.5, 0.875), "width 0.5", 1e-4, 0.99)
    message = str(caught.value)
    for part in ("parity gate", "width 0.5", "0.5", "87.50%", "0.0001", "99.00%"):
        assert part in message
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize(
    ("result", "tolerance", "passes"),
    [
        ((1e-5, 1.0), 1e-4, True),
        ((1e-3, 1.0), 1e-4, False),
        ((1e-5, 0.98), 1e-4, False),
        ((5.0, 0.995), None, True),
        ((5.0, 0.985), None, False),
    ],
)
def test_require(result, tolerance, passes):
    result = parity.Comparison(*result)
    if passes:
        parity.require(result, "it", tolerance, 0.99)
    else:
        with pytest.raises(parity.GateFailed):
            parity.require(result, "it", tolerance, 0.99)


SENTENCES = [ids(6, length, seed=length).numpy() for length in (3, 7, 16)]


@pytest.fixture(scope="module")
def fp32(tmp_path_factory):
    model = tiny()
    return model, write_bundle(model, tmp_path_factory.mktemp("fp32") / "bundle")


def answers_of(model):
    return [outputs(model, numbers) for numbers in SENTENCES]


def test_engines_answer_as_the_dynamic_graph(fp32):
    model, folder = fp32
    results = gate.check_engines(folder, "fp32", SENTENCES, answers_of(model), decide, ("paddle", "onnxruntime"))
    assert list(results) == ["paddle", "onnxruntime"]
    for result in results.values():
        assert result.passed
        assert result.precision == "fp32"
        assert result.max_abs_diff <= 1e-4
        assert result.agreement == 1


def test_an_engine_that_computes_another_function_fails(fp32):
    """The bundle of one model held against another one."""
    _, folder = fp32
    results = gate.check_engines(folder, "fp32", SENTENCES, answers_of(tiny(seed=1)), decide, ("onnxruntime",))
    assert not results["onnxruntime"].passed
    assert results["onnxruntime"].max_abs_diff > parity.FP32_TOLERANCE
    assert "FAILED" in results["onnxruntime"].line()


def test_int8_engines_and_the_forbidden_cell(tmp_path):
    """ONNX Runtime on INT8 by its decisions; Paddle Lite's cell is refused unopened."""
    model = calibrated()
    folder = write_bundle(model, tmp_path / "bundle")
    engines = ("onnxruntime", "paddlelite")
    results = gate.check_engines(folder, "int8", SENTENCES, answers_of(model), decide, engines)
    assert results["onnxruntime"].max_abs_diff <= 0.15
    assert results["onnxruntime"].agreement >= 0.9  # random weights: many decisions are near a tie
    refused = results["paddlelite"]
    assert not refused.passed
    assert "INT8 crashes or gives NaN on x86" in refused.refused
    assert "not taken: INT8 crashes" in refused.line()
    json.dumps(results["onnxruntime"].entry("model.onnx"), allow_nan=False)


def test_an_engine_without_its_file_is_refused_with_the_reason(fp32, tmp_path):
    """The child ends with its one line, which stands in the result."""
    model, folder = fp32
    copy = shutil.copytree(folder, tmp_path / "bundle")
    (copy / "model.onnx").unlink()
    bundle.write_manifest(copy, json.loads((copy / "manifest.json").read_text()))
    results = gate.check_engines(copy, "fp32", SENTENCES[:1], answers_of(model)[:1], decide, ("onnxruntime",))
    assert not results["onnxruntime"].passed
    assert "model.onnx" in results["onnxruntime"].refused


def test_an_engine_that_answers_nan_is_refused(fp32, monkeypatch):
    model, folder = fp32

    def broken(module, request):
        arrays = {
            f"{n}.{name}": array * np.nan for n, each in enumerate(answers_of(model)) for name, array in each.items()
        }
        np.savez(request["outputs"], **arrays)
        return {}

    monkeypatch.setattr(child, "run_child", broken)
    for precision in ("fp32", "int8"):
        results = gate.check_engines(folder, precision, SENTENCES, answers_of(model), decide, ("onnxruntime",))
        assert results["onnxruntime"] == gate.Verdict(
            "onnxruntime", precision, passed=False, refused="its answers hold NaN or infinity"
        )


def test_a_crash_of_an_engine_is_a_refusal(fp32, monkeypatch):
    model, folder = fp32

    def crash(*_):
        raise RuntimeError("common.engines.child: ended with signal SIGSEGV: it said nothing")

    monkeypatch.setattr(child, "run_child", crash)
    results = gate.check_engines(folder, "fp32", SENTENCES, answers_of(model), decide, ("onnxruntime",))
    assert results["onnxruntime"].refused.endswith("SIGSEGV: it said nothing")


class Pairs(Tiny):
    """Two inputs and one output, as a classifier of text pairs has."""

    def forward(self, input_ids, token_type_ids):
        mask = paddle.unsqueeze((input_ids == paddle.zeros_like(input_ids)).astype("float32"), [1, 2]) * -1e4
        return self.sentence(self.ernie(input_ids, token_type_ids, attention_mask=mask)[1])


PAIRS = parity.pair_batches_by_length(
    [(row, [0] * 2 + [1] * (length - 2)) for length in (4, 7, 16) for row in ids(6, length, seed=length).tolist()]
)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """The model's answers to PAIRS and a bundle of it with a file for every engine."""
    folder = tmp_path_factory.mktemp("pairs") / "bundle"
    model = tiny()
    write_bundle(model, folder)
    model.__class__ = Pairs
    names = ("input_ids", "token_type_ids")
    program.save_program(model, folder / "model", "int32", names)
    head = onnx_weights.Head("logits", program.linear_arrays(model.sentence), "sentence")
    onnx_encoder.build(program.encoder_arrays(model.ernie), [head], folder / "model.onnx", "portable", pairs=True)
    lite.convert(folder / "model.pdmodel", folder / "model.pdiparams", folder / "model.x86", "x86", False)
    (folder / "labels.json").write_text(json.dumps({"class": INTENTS}))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["task"] = "aspect_sentiment"
    manifest["inputs"] = [{"name": name, "shape": [-1, -1], "dtype": "int32"} for name in names]
    manifest["outputs"] = [{"name": "logits", "shape": [-1, len(INTENTS)]}]
    del manifest["decoder"]
    bundle.write_manifest(folder, manifest)
    with paddle.no_grad():
        answers = [{"logits": model(*map(paddle.to_tensor, batch)).numpy()} for batch in PAIRS]
    return answers, folder


def choose(answers):
    return answers["logits"].argmax(-1).tolist()


def test_every_engine_takes_two_inputs(pairs):
    answers, folder = pairs
    results = gate.check_engines(folder, "fp32", PAIRS, answers, choose)
    assert list(results) == list(gate.CPU_ENGINES)
    for engine, result in results.items():
        assert result.passed and result.agreement == 1, (engine, result)


def test_token_types_reach_the_engine_as_the_second_input(pairs):
    """Types of the other kind are another question: the engines must notice."""
    answers, folder = pairs
    swapped = [(numbers, 1 - types) for numbers, types in PAIRS]
    results = gate.check_engines(folder, "fp32", swapped, answers, choose, ("onnxruntime", "paddlelite"))
    for result in results.values():
        assert not result.passed and result.max_abs_diff > 0.01
