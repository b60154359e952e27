# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Engines run in child processes: Paddle and FastDeploy bring the same library twice, which do not bear each other."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from common import machine
from common.bundle import read_bundle
from common.cli import EnvironmentLacks, UserError
from common.engines import allowed, onnx_runtime, runtime

import bundle_fixture
import numpy as np
import pytest
from engine_runs import BATCHES, child, need, write_int8_onnx

TOLERANCE = 1e-4  # FP32, largest difference of a logit, as the parity gate has it


HERE = [name for name in allowed.ALLOWED if allowed.ALLOWED[name]["fp32"] == allowed.RUNS]


@pytest.fixture
def folder(tmp_path) -> Path:
    return bundle_fixture.copy(tmp_path / "bundle")


@pytest.fixture(scope="module")
def reference() -> list[dict[str, np.ndarray]]:
    predictor = runtime.load(bundle_fixture.bundle())
    return [predictor.run(np.array(batch)) for batch in BATCHES]


@pytest.mark.parametrize("engine", HERE)
def test_every_engine_gives_the_same_fp32_answers(engine, reference):
    need(engine)
    report = child(engine)
    assert list(report["outputs"][0]) == ["intent_logits", "slot_logits"], "the manifest's order and names"
    for batch, wanted, given in zip(BATCHES, reference, report["outputs"], strict=True):
        length = len(batch[0])
        intent, slots = np.array(given["intent_logits"]), np.array(given["slot_logits"])[:, :length]
        np.testing.assert_allclose(intent, wanted["intent_logits"], rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(slots, wanted["slot_logits"], rtol=0, atol=TOLERANCE)
    assert report["peak_rss_mb"] > 20
    assert report["file_bytes"] > 50_000


def test_the_reference_itself_is_the_known_answer(reference):
    """So that the engines cannot all agree on something else: 刘 德 华 are B-singer I-singer I-singer by the tables."""
    assert reference[0]["slot_logits"][0].argmax(-1).tolist() == [0, 0, 1, 2, 2, 0]
    assert reference[1]["intent_logits"].argmax(-1).tolist() == [1, 2]


def test_padding_changes_nothing():
    predictor = runtime.load(bundle_fixture.bundle())
    short = np.array(BATCHES[0])
    padded = np.pad(short, ((0, 0), (0, 16 - short.shape[1])))
    one, other = predictor.run(short), predictor.run(padded)
    np.testing.assert_allclose(one["intent_logits"], other["intent_logits"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(one["slot_logits"], other["slot_logits"][:, : short.shape[1]], rtol=0, atol=1e-5)


def test_a_fixed_length_engine_is_padded():
    predictor = runtime.load(bundle_fixture.bundle())
    free = predictor.run(np.array(BATCHES[0]))
    predictor.pad_to = 16
    fixed = predictor.run(np.array(BATCHES[0]))
    assert fixed["slot_logits"].shape == (1, 16, 5)
    np.testing.assert_allclose(fixed["intent_logits"], free["intent_logits"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(4,), (1, 2, 3), (1, 17), (1, 0)])
def test_a_shape_the_model_does_not_have(shape):
    with pytest.raises(ValueError, match="it must be"):
        runtime.load(bundle_fixture.bundle()).run(np.ones(shape, np.int32))


def test_serving_stays_light():
    """Peak memory is published: ONNX Runtime must not bring in any other library, nor any engine paddlenlp."""
    script = (
        "import sys; from common.engines import runtime; "
        f"runtime.load({str(bundle_fixture.bundle())!r}, sys.argv[1]); "
        "print(' '.join(sorted(m for m in sys.modules if '.' not in m)))"
    )
    heavy = {"paddle", "paddlenlp", "onnx", "onnxruntime", "openvino", "fastdeploy", "paddlelite", "matplotlib", "tyro"}
    for engine, own in (("onnxruntime", {"onnxruntime"}), ("openvino", {"openvino"}), ("paddle", {"paddle"})):
        need(engine)
        result = subprocess.run([sys.executable, "-c", script, engine], capture_output=True, text=True, check=True)
        assert set(result.stdout.split()) & heavy == own


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino", "fastdeploy_onnxruntime", "fastdeploy_openvino"])
def test_int8_is_exact_on_every_engine_and_cpu(engine, folder):
    """Against unsigned weights, which no CPU saturates on. Measured with AVX2: 3e-6 at most, and 3 to 10 saturated;
    0.02 leaves room for a value at a tie between two integers that is rounded to the other side."""
    from common.export.onnx_file import to_unsigned_weights

    import onnxruntime

    need(engine)
    write_int8_onnx(folder / "model.onnx", "portable")
    gate = {engine: {"file": "model.onnx", "precision": "int8", "passed": True}}
    bundle_fixture.reseal(folder, precision="int8", stage="int8", engines=gate)
    session = onnxruntime.InferenceSession(to_unsigned_weights(folder / "model.onnx"))
    for batch, given in zip(BATCHES, child(engine, bundle=folder)["outputs"], strict=True):
        wanted = session.run(["intent_logits", "slot_logits"], {"input_ids": np.array(batch, np.int32)})
        for name, exact in zip(("intent_logits", "slot_logits"), wanted, strict=True):
            np.testing.assert_allclose(given[name], exact, rtol=0, atol=0.02)


def test_an_engine_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "`openvino` is not installed" in runtime.available("openvino")
    with pytest.raises(EnvironmentLacks, match=r"`onnxruntime` is not installed; install requirements.lock"):
        runtime.load(bundle_fixture.bundle())


def test_a_library_that_does_not_load(monkeypatch):
    def fails(job):
        raise ImportError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(runtime, "open_engine", fails)
    with pytest.raises(EnvironmentLacks, match=r"onnxruntime: its library does not load: libgomp\.so\.1"):
        runtime.load(bundle_fixture.bundle())


def test_bf16_without_the_cpu_for_it(monkeypatch):
    monkeypatch.setattr(machine, "has_bf16", lambda: False)
    with pytest.raises(EnvironmentLacks, match="this CPU has no bf16"):
        runtime.load(bundle_fixture.bundle(), engine="openvino", precision="bf16")


def test_a_tampered_model_is_refused_before_the_engine_opens_it(folder, monkeypatch):
    opened = []
    monkeypatch.setattr(runtime, "open_engine", opened.append)
    raw = bytearray((folder / "model.onnx").read_bytes())
    raw[1000] ^= 1
    (folder / "model.onnx").write_bytes(raw)
    with pytest.raises(UserError, match=r"model\.onnx: sha256"):
        runtime.load(folder)
    assert opened == []


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino", "paddle", "paddlelite", "fastdeploy_onnxruntime"])
def test_a_wrong_dtype_is_refused_at_load_with_both_names(folder, engine):
    need(engine)
    inputs = [{"name": "input_ids", "shape": [-1, -1], "dtype": "int64"}]
    bundle_fixture.reseal(folder, inputs=inputs)
    with pytest.raises(UserError, match="`input_ids` is int32, but the manifest says int64"):
        child(engine, BATCHES[:1], folder)


def test_a_manifest_that_describes_another_model(folder):
    good = json.loads((folder / "manifest.json").read_text())
    bundle_fixture.reseal(folder, inputs=[{**good["inputs"][0], "name": "ids"}])
    with pytest.raises(UserError, match="its inputs are input_ids, but the manifest says ids"):
        runtime.load(folder)

    one = {"class": ["a", "b", "c"]}
    (folder / "labels.json").write_text(json.dumps(one))
    bundle_fixture.reseal(folder, inputs=good["inputs"], outputs=good["outputs"][:1], decoder=None)
    with pytest.raises(UserError, match="2 outputs, but the manifest says 1"):
        runtime.load(folder)

    labels = {"intent": [f"i{i}" for i in range(4)], "slot": bundle_fixture.SLOTS}
    (folder / "labels.json").write_text(json.dumps(labels))
    bundle_fixture.reseal(folder, outputs=[{"name": "intent_logits", "shape": [-1, 4]}, good["outputs"][1]])
    with pytest.raises(UserError, match=r"`intent_logits` the shape \[1, 3\], but the manifest says \[-1, 4\]"):
        runtime.load(folder)


def test_a_model_file_that_is_none(folder):
    (folder / "model.onnx").write_bytes(b"not a model")
    bundle_fixture.reseal(folder)
    with pytest.raises(UserError, match=r"model\.onnx: onnxruntime cannot open it"):
        runtime.load(folder)


def test_an_engine_without_its_file(folder):
    (folder / "model.onnx").unlink()
    bundle_fixture.reseal(folder)
    with pytest.raises(UserError, match=r"no model.onnx among the manifest's files, which onnxruntime needs"):
        runtime.load(folder)


def test_a_failed_parity_gate_is_respected(folder):
    bundle_fixture.reseal(folder, engines={"onnxruntime": {"file": "model.onnx", "precision": "fp32", "passed": False}})
    with pytest.raises(UserError, match="the parity gate did not pass on onnxruntime"):
        runtime.load(read_bundle(folder))


def test_answers_that_are_not_numbers_are_refused(monkeypatch):
    run = onnx_runtime.OnnxRuntime.run
    monkeypatch.setattr(
        onnx_runtime.OnnxRuntime, "run", lambda self, arrays: [a * np.float32("nan") for a in run(self, arrays)]
    )
    with pytest.raises(UserError, match="`intent_logits` is not finite"):
        runtime.load(bundle_fixture.bundle())


def test_int8_answers_that_change_from_run_to_run_are_refused(folder, monkeypatch):
    bundle_fixture.reseal(folder, precision="int8")
    run, noise = onnx_runtime.OnnxRuntime.run, iter(range(9))
    monkeypatch.setattr(
        onnx_runtime.OnnxRuntime, "run", lambda self, arrays: [a + next(noise) for a in run(self, arrays)]
    )
    monkeypatch.setattr(machine, "has_int8_dot_product", lambda: True)
    with pytest.raises(UserError, match="`intent_logits` changes from run to run"):
        runtime.load(folder)
