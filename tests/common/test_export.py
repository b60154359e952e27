# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from common import machine
from common.compress import ofa
from common.export import program
from common.export.onnx_file import count_nodes, to_unsigned_weights
from common.models import int8 as quantize
from common.models import width

import numpy as np
import onnx
import onnxruntime
import paddle
import pytest
from onnx import numpy_helper
from tiny_models import SHAPE, calibrated, ids, outputs, tiny, tiny_bert, write_onnx

LINEARS = 2 * 6 + 1 + 2  # per layer q, k, v, out and two of the FFN; pooler; two heads
SENTENCES = [ids(padded=True).numpy(), ids(2, 5, seed=3).numpy(), ids(1, 16, seed=4).numpy(), ids(1, 1, seed=5).numpy()]


def narrow():
    model = tiny(num_attention_heads=2)
    width.resize(model.ernie.encoder, *ofa.sizes_at(model.ernie.encoder, 0.5))
    return model


def small_tables():
    model = tiny()
    quantize.quantize_embeddings(model)
    return model


def with_task_types():
    return tiny(use_task_id=True, task_type_vocab_size=3)


def largest(model, answer, dtype="int32") -> float:
    """Largest difference of any output over all sentences, whatever their length."""
    worst = 0.0
    for numbers in SENTENCES:
        expected = outputs(model, numbers)
        for found, name in zip(answer(numbers.astype(dtype)), expected, strict=True):
            assert found.shape == expected[name].shape
            worst = max(worst, float(np.abs(found - expected[name]).max()))
    return worst


def onnx_answer(path, int8=False):
    """As our engine opens the file: where signed weights would saturate, with unsigned ones."""
    model = to_unsigned_weights(path) if int8 and not machine.has_int8_dot_product() else str(path)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return lambda numbers: session.run(["intent_logits", "slot_logits"], {"input_ids": numbers})


def initialisers(path) -> list[np.ndarray]:
    return [numpy_helper.to_array(tensor) for tensor in onnx.load(str(path)).graph.initializer]


MODELS = pytest.mark.parametrize("build", [tiny, narrow, small_tables, with_task_types])


@MODELS
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_the_static_program_is_the_dynamic_graph(build, dtype, tmp_path):
    """FP32, free batch and length, padding included; tolerance 1e-5."""
    model = build()
    program.save_program(model, tmp_path / "deep" / "model", dtype)
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["model.pdiparams", "model.pdmodel"]
    loaded = paddle.jit.load(str(tmp_path / "deep" / "model"))
    assert [spec.name for spec in loaded._input_spec()] == ["input_ids"]
    assert [spec.dtype for spec in loaded._input_spec()] == [getattr(paddle, dtype)]
    difference = largest(model, lambda x: [y.numpy() for y in loaded(paddle.to_tensor(x))], dtype)
    assert difference <= 1e-5


def test_exporting_leaves_the_model_as_it_was(tmp_path):
    model = tiny()
    forward, before = model.forward, outputs(model, SENTENCES[0])
    program.save_program(model, tmp_path / "model", "int32")
    assert model.forward == forward
    assert (outputs(model, SENTENCES[0])["slot_logits"] == before["slot_logits"]).all()
    quantised = calibrated()
    before = outputs(quantised, SENTENCES[0])
    program.save_program(quantised, tmp_path / "int8", "int32")
    assert (outputs(quantised, SENTENCES[0])["slot_logits"] == before["slot_logits"]).all()
    assert paddle.in_dynamic_mode()


@MODELS
@pytest.mark.parametrize("style", ["portable", "onnxruntime"])
def test_the_onnx_is_the_dynamic_graph(build, style, tmp_path):
    """FP32 with every kind of table and width; tolerance 1e-5 of logits between -4 and 4."""
    model = build()
    write_onnx(model, tmp_path / "model.onnx", style)
    assert largest(model, onnx_answer(tmp_path / "model.onnx")) <= 1e-5


def test_there_is_one_word_table(tmp_path):
    """paddle2onnx writes it twice where there is a padding index."""
    write_onnx(tiny(), tmp_path / "model.onnx")
    shapes = [array.shape for array in initialisers(tmp_path / "model.onnx")]
    assert shapes.count((SHAPE["vocab_size"], SHAPE["hidden_size"])) == 1
    total = sum(array.nbytes for array in initialisers(tmp_path / "model.onnx"))
    weights = sum(tensor.numpy().nbytes for tensor in tiny().parameters())
    assert total <= weights


@pytest.mark.parametrize("weight", ["channel_wise_abs_max", "abs_max"])
def test_an_int8_onnx_really_is_int8(weight, tmp_path):
    """paddle2onnx drops the quantisation of such a model without a word: count nodes and stored types."""
    model = calibrated(weight=weight)
    write_onnx(model, tmp_path / "model.onnx", "onnxruntime")
    nodes = count_nodes(tmp_path / "model.onnx")
    # QAttention multiplies by q, k and v at once.
    assert nodes["MatMulIntegerToFloat"] + 3 * nodes["QAttention"] == LINEARS
    assert not {"MatMul", "Gemm"} & nodes.keys()
    arrays = initialisers(tmp_path / "model.onnx")
    matrices = [array for array in arrays if array.ndim == 2 and array.shape[0] != SHAPE["vocab_size"]]
    hidden, ffn = SHAPE["hidden_size"], SHAPE["intermediate_size"]
    int8 = sum(array.size for array in matrices if array.dtype == np.int8)
    assert int8 == 2 * (4 * hidden * hidden + 2 * hidden * ffn) + hidden * hidden + hidden * (3 + 5)
    assert not [array.shape for array in matrices if array.dtype == np.float32 and array.size >= hidden * hidden * 2]
    assert [array.shape for array in arrays].count((SHAPE["vocab_size"], hidden)) == 1


def test_int8_tables_are_stored_as_int8(tmp_path):
    model = calibrated()
    quantize.quantize_embeddings(model)
    write_onnx(model, tmp_path / "model.onnx", "onnxruntime")
    tables = [array for array in initialisers(tmp_path / "model.onnx") if array.shape == (60, 32)]
    assert [array.dtype for array in tables] == [np.int8]


@pytest.mark.parametrize("style", ["portable", "onnxruntime"])
@pytest.mark.parametrize("weight", ["channel_wise_abs_max", "abs_max"])
def test_the_int8_onnx_is_the_fake_quantised_graph(weight, style, tmp_path):
    """Over 40 sentences: the typical difference is below 40 % of what the quantisation itself costs and none is above
    0.2 (logits between -4 and 4). A value near a tie rounds to either side, and one such step is carried on to all
    logits; where none does, the graphs agree within 1e-4, which must happen."""
    model, plain = calibrated(weight=weight, num_hidden_layers=1), tiny(num_hidden_layers=1)
    write_onnx(model, tmp_path / "model.onnx", style)
    answer = onnx_answer(tmp_path / "model.onnx", int8=True)
    errors, costs = [], []
    for seed in range(40):
        numbers = ids(1, 6, seed=100 + seed).numpy()
        expected = outputs(model, numbers)["slot_logits"]
        errors.append(np.abs(answer(numbers.astype("int32"))[1] - expected).max())
        costs.append(np.abs(outputs(plain, numbers)["slot_logits"] - expected).max())
    assert max(errors) <= 0.2
    assert np.median(errors) <= 0.4 * np.median(costs)
    assert min(errors) <= 1e-4


def test_an_int8_program_stores_int8_weights(tmp_path):
    """Also smaller on disk; PaddleSlim's other format stores INT8 values as floats."""
    program.save_program(calibrated(), tmp_path / "int8", "int32")
    program.save_program(tiny(), tmp_path / "fp32", "int32")
    operators = (tmp_path / "int8.pdmodel").read_bytes()
    assert operators.count(b"quantize_linear") >= 3 * LINEARS
    sizes = [(tmp_path / f"{name}.pdiparams").stat().st_size for name in ("int8", "fp32")]
    assert sizes[0] < 0.6 * sizes[1]


def test_linear_arrays_of_both_kinds():
    plain, fake = tiny(), calibrated()
    found = program.linear_arrays(plain.sentence)
    assert not found.int8
    assert (found.weight == plain.sentence.weight.numpy()).all()
    quantised = program.linear_arrays(fake.sentence)
    assert quantised.int8
    assert np.abs(quantised.weight * quantised.weight_scale - plain.sentence.weight.numpy()).max() <= (
        quantised.weight_scale.max() / 2 + 1e-6
    )


def test_the_padding_row_is_written_as_the_zeros_that_are_looked_up():
    model, bert = tiny(), tiny_bert()
    assert (program.table_arrays(model.ernie.embeddings.word_embeddings).values[0] == 0).all()
    assert program.table_arrays(bert.embeddings.word_embeddings).values[0].any()
    assert model.ernie.embeddings.word_embeddings.weight.numpy()[0].any()


def test_architecture_says_what_is_there():
    assert program.architecture(narrow().ernie, "ernie") == {
        "name": "ernie",
        "layers": 2,
        "hidden": 32,
        "heads": [1, 1],
        "ffn": [32, 32],
        "vocab_size": 60,
        "positions": 16,
    }
    assert program.architecture(calibrated().ernie, "ernie")["ffn"] == [64, 64]


def test_lengths_up_to_the_position_table_and_no_further(tmp_path):
    write_onnx(tiny(), tmp_path / "model.onnx")
    answer = onnx_answer(tmp_path / "model.onnx")
    assert answer(np.ones([1, 16], "int32"))[1].shape == (1, 16, 5)
    with pytest.raises(Exception, match=r"(?i)index|bounds|broadcast|dimension|range"):
        answer(np.ones([1, 17], "int32"))
