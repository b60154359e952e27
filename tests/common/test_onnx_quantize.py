# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""INT8 by the libraries' own means, on the fixture bundle's program and on a small model with two inputs."""

from pathlib import Path

from common import child
from common.export import onnx_baselines, onnx_encoder, onnx_weights, program

import bundle_fixture
import numpy as np
import pytest
from tiny_models import ids, tiny

PAIR_FEEDS = [
    {"input_ids": ids(1, length, seed=length).tolist(), "token_type_ids": [[0] * 3 + [1] * (length - 3)]}
    for length in range(4, 14)
]


def quantize(action: str, **arguments) -> dict[str, int]:
    return child.run_child("common.export.onnx_baselines", {"action": action, **arguments})


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    """An ONNX file with input_ids and token_type_ids, int64, and one sentence head."""
    path, model = tmp_path_factory.mktemp("pairs") / "fp32.onnx", tiny(max_position_embeddings=16)
    head = onnx_weights.Head("logits", program.linear_arrays(model.sentence), "sentence")
    onnx_encoder.build(program.encoder_arrays(model.ernie), [head], path, "portable", pairs=True, dtype="int64")
    return path


def feeds_of(dtype=np.int64) -> list[dict[str, np.ndarray]]:
    return [{name: np.array(values, dtype) for name, values in feed.items()} for feed in PAIR_FEEDS]


def onnx_answers(path: Path) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["logits"], feed)[0] for feed in feeds_of()])


def agreement(before: np.ndarray, after: np.ndarray) -> float:
    """Correlation: logits of large random weights move much, and further on CPUs whose 8-bit products saturate."""
    return float(np.corrcoef(before.ravel(), after.ravel())[0, 1])


def test_dynamic_int8_is_int8(tmp_path):
    folder = bundle_fixture.bundle()
    files = {"pdmodel": str(folder / "model.pdmodel"), "pdiparams": str(folder / "model.pdiparams")}
    fp32, int8 = tmp_path / "fp32.onnx", tmp_path / "int8.onnx"
    assert quantize("from_program", **files, onnx=str(fp32)) == {"size_bytes": fp32.stat().st_size}
    counted = quantize("dynamic", onnx=str(fp32), to=str(int8))
    assert counted == onnx_baselines.int8_nodes(int8) and counted["products"] >= 7 and counted["tables"] >= 3
    assert int8.stat().st_size < 0.6 * fp32.stat().st_size
    with pytest.raises(RuntimeError, match="not quantised"):
        onnx_baselines.require_int8(fp32, onnx_baselines.int8_nodes(fp32))


def test_dynamic_int8_of_our_own_file_with_two_inputs(pairs, tmp_path):
    counted = quantize("dynamic", onnx=str(pairs), to=str(tmp_path / "int8.onnx"))
    assert counted["products"] == 10  # four in each of two layers (query, key and value are one), pooler, head
    assert counted["tables"] >= 2
    assert 0.9 < agreement(onnx_answers(pairs), onnx_answers(tmp_path / "int8.onnx")) < 1


def test_nncf_calibrates_on_feeds_by_name(pairs, tmp_path):
    """As nested lists through a child process; the answers stay near, and both inputs are still there."""
    import openvino

    to = tmp_path / "nncf.xml"
    counted = quantize("nncf", onnx=str(pairs), to=str(to), feeds=PAIR_FEEDS)
    assert counted["fake_quantize"] >= 10 and counted["int8_constants"] >= 10
    assert to.with_suffix(".bin").stat().st_size < 0.6 * pairs.stat().st_size
    compiled = openvino.Core().compile_model(str(to), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert {port.get_any_name() for port in compiled.inputs} == {"input_ids", "token_type_ids"}
    answers = np.concatenate([compiled(feed)["logits"] for feed in feeds_of()])
    assert 0.9 < agreement(onnx_answers(pairs), answers) < 1


def test_a_count_of_nothing_is_not_quantised():
    assert onnx_baselines.require_int8("it", {"a": 1, "b": 2}) == {"a": 1, "b": 2}
    with pytest.raises(RuntimeError, match=r"it: not quantised: {'a': 1, 'b': 0}"):
        onnx_baselines.require_int8("it", {"a": 1, "b": 0})
