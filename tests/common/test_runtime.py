# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Engines run in child processes: Paddle and FastDeploy bring the same library twice, which do not bear each other."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

from common import machine
from common.bundle.bundle import MODEL_FILES, engine_files, read_bundle
from common.child import run_child
from common.cli import EnvironmentLacks, UserError
from common.engines import allowed, fastdeploy, onnx_runtime, runtime
from common.engines import job as engines

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
TOLERANCE = 1e-4  # FP32, largest difference of a logit, as the parity gate has it
HERE = [name for name in allowed.ALLOWED if allowed.ALLOWED[name]["fp32"] == allowed.RUNS]


@pytest.fixture
def folder(tmp_path) -> Path:
    return bundle_fixture.copy(tmp_path / "bundle")


@pytest.fixture(scope="module")
def reference() -> list[dict[str, np.ndarray]]:
    predictor = runtime.load(bundle_fixture.bundle())
    return [predictor.run(np.array(batch)) for batch in BATCHES]


def need(engine: str) -> None:
    lack = runtime.available(engine)
    if lack:
        pytest.skip(lack)


def child(engine: str, batches=BATCHES, bundle=None, **arguments) -> dict:
    arguments = {"bundle": str(bundle or bundle_fixture.bundle()), "engine": engine, "batches": batches, **arguments}
    return run_child("common.engines.child", arguments, timeout=120)


# --- answers ---
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


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_openvino_computes_in_what_it_is_told(precision, reference):
    """Its own choice on a CPU with bf16 is bf16, which is some 1e-2 off."""
    if precision == "bf16" and not machine.has_bf16():
        pytest.skip("this CPU has no bf16")
    need("openvino")
    slots = np.array(child("openvino", BATCHES[:1], precision=precision)["outputs"][0]["slot_logits"])
    difference = np.abs(slots - reference[0]["slot_logits"]).max()
    assert difference <= TOLERANCE if precision == "fp32" else TOLERANCE < difference < 0.3


def test_outputs_go_to_a_file_where_asked(tmp_path, reference):
    report = child("onnxruntime", outputs=str(tmp_path / "out.npz"), warmup=1, repeats=2)
    with np.load(report["outputs"]) as arrays:
        for i, wanted in enumerate(reference):
            np.testing.assert_array_equal(arrays[f"{i}.slot_logits"], wanted["slot_logits"])
    assert report["calls"] == 2 * len(BATCHES)


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


# --- INT8 on a CPU without VNNI ---
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


def test_without_vnni_unsigned_weights_are_taken_and_it_is_said(folder, monkeypatch, capsys):
    model = folder / "model.onnx"
    write_int8_onnx(model)
    bundle_fixture.reseal(folder, precision="int8", stage="int8")
    opened = []
    build = onnx_runtime.OnnxRuntime._model
    monkeypatch.setattr(
        onnx_runtime.OnnxRuntime, "_model", staticmethod(lambda job: opened.append(build(job)) or opened[-1])
    )
    answers = {}
    for vnni in (True, False):
        monkeypatch.setattr(machine, "has_int8_dot_product", lambda vnni=vnni: vnni)
        answers[vnni] = runtime.load(folder).run(np.array(BATCHES[1]))
        said = capsys.readouterr().err
        assert said.count("\n") == (0 if vnni else 1) and ("no VNNI" in said) is not vnni
    assert opened[0] == str(model) and isinstance(opened[1], bytes)
    if machine.has_int8_dot_product():  # or the signed answers are the saturated ones
        for name, signed in answers[True].items():
            np.testing.assert_allclose(answers[False][name], signed, rtol=0, atol=1e-5)
            assert np.abs(signed).max() > 0.1


def test_without_vnni_paddle_takes_no_int8_kernels(folder, monkeypatch, capsys):
    """oneDNN's `fc` saturates too: 19.8 off of 24 with AVX2, weights and inputs at the ends of their range."""
    from common.engines import paddle_config

    bundle_fixture.reseal(folder, precision="int8", int8_ops=["fc"])
    job = engines.Job(bundle := read_bundle(folder), engine_files(bundle, "paddle"), "paddle", "cpu", 1, "int8")
    for vnni in (True, False):
        monkeypatch.setattr(machine, "has_int8_dot_product", lambda vnni=vnni: vnni)
        inference = MagicMock()
        paddle_config.predictor(job, inference)
        assert inference.Config.return_value.enable_mkldnn_int8.called is vnni
        assert ("no VNNI" in capsys.readouterr().err) is not vnni


def test_without_vnni_fastdeploy_openvino_refuses_an_int8_program(folder, monkeypatch):
    monkeypatch.setattr(machine, "has_int8_dot_product", lambda: False)
    bundle_fixture.reseal(folder, precision="int8")
    with pytest.raises(EnvironmentLacks, match=r"fastdeploy_openvino: this CPU has no VNNI.*take onnxruntime"):
        runtime.load(folder, engine="fastdeploy_openvino")


@pytest.mark.parametrize("avx512", [True, False])
def test_without_avx512_fastdeploys_paddle_goes_without_onednn(folder, avx512, monkeypatch, capsys):
    monkeypatch.setattr(machine, "has_avx512", lambda: avx512)
    bundle = read_bundle(folder)
    job = engines.Job(bundle, engine_files(bundle, "paddle"), "fastdeploy_paddle", "cpu", 1, "fp32")
    option = MagicMock()
    fastdeploy.FastDeploy._choose(option, job)
    assert option.paddle_infer_option.enable_mkldnn is avx512
    assert ("oneDNN is off" in capsys.readouterr().err) is not avx512


# --- refusals ---
def forbidden() -> list[tuple[str, str, str, str]]:
    cells = []
    for device in ("cpu", "gpu", "kunlunxin"):
        for engine, row in allowed.DEVICES[device].items():
            cells += [(device, engine, precision, reason) for precision, reason in row.items() if reason]
    return cells


@pytest.mark.parametrize(("device", "engine", "precision", "reason"), forbidden())
def test_a_forbidden_cell_says_why_and_what_instead(device, engine, precision, reason, folder):
    bundle_fixture.change(folder, precision="int8" if precision == "int8" else "fp32")
    with pytest.raises(UserError) as caught:
        runtime.load(folder, engine=engine, device=device, precision=precision)
    message = str(caught.value)
    assert engine in message and precision in message and reason in message
    assert any(other in reason for other in (*allowed.ENGINES, "--device")), "it must name what to take instead"


def test_every_engine_says_yes_or_why_not_to_every_precision():
    for row in allowed.ALLOWED.values():
        assert set(row) == {"fp32", "bf16", "int8"}
    assert set(allowed.ENGINES) == set(MODEL_FILES)


def test_words_that_are_not_known():
    place = bundle_fixture.bundle()
    with pytest.raises(UserError, match=r"unknown engine `onxruntime` \(did you mean `onnxruntime`\?\)"):
        runtime.load(place, engine="onxruntime")
    with pytest.raises(UserError, match="unknown device `cuda`"):
        runtime.load(place, device="cuda")
    with pytest.raises(UserError, match="openvino does not run on gpu; engines that do: paddle, onnxruntime"):
        runtime.load(place, engine="openvino", device="gpu")
    with pytest.raises(UserError, match="threads must be at least 1, got 0"):
        runtime.load(place, threads=0)
    with pytest.raises(UserError, match="paddlelite runs on one thread here, got 2"):
        runtime.load(place, engine="paddlelite", threads=2)
    with pytest.raises(UserError, match="fp16 is for --device gpu"):
        runtime.load(place, precision="fp16")


@pytest.mark.parametrize(("own", "asked"), [("int8", "fp32"), ("fp32", "int8"), ("int8", "bf16")])
def test_a_bundle_does_not_change_its_precision(folder, own, asked):
    bundle_fixture.change(folder, precision=own)
    with pytest.raises(UserError, match=f"an {own} bundle does not run as {asked}"):
        runtime.load(folder, engine="paddle", precision=asked)


GPU_LACKS = [
    ("paddle", "gpu", "without GPU"),
    ("paddle_tensorrt", "gpu", "without TensorRT"),
    ("onnxruntime", "gpu", "no CUDAExecutionProvider"),
    ("onnxruntime_tensorrt", "gpu", "no TensorrtExecutionProvider"),
    ("fastdeploy_paddle", "gpu", "without GPU"),
    ("fastdeploy_onnxruntime", "gpu", "without GPU"),
    ("fastdeploy_tensorrt", "gpu", "without TensorRT"),
    ("fastdeploy_paddle_tensorrt", "gpu", "without TensorRT"),
    ("paddle", "xpu", "without Kunlunxin"),
    ("fastdeploy_paddle", "kunlunxin", "without Kunlunxin"),
]


@pytest.mark.parametrize(("engine", "device", "said"), GPU_LACKS)
def test_a_device_that_is_not_there_is_refused_by_name(engine, device, said):
    if importlib.util.find_spec(engine.split("_")[0]) is None:
        pytest.skip("the library is absent")
    if Path("/dev/nvidia0").exists():
        pytest.skip("there is a GPU")
    with pytest.raises(EnvironmentLacks, match=f"^{engine}: this .*{said}.*--device cpu") as caught:
        child(engine, device=device)
    assert runtime.available(engine, device) is not None
    assert caught.value.exit_code == 3


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


def test_fastdeploy_int8_through_paddle_warns(folder, monkeypatch, capsys):
    """Right only with oneDNN off; the program of this fixture is FP32, it is the warning and the switch that count."""
    need("fastdeploy_paddle")
    bundle_fixture.reseal(folder, precision="int8")
    jobs = []

    def stop(job):
        jobs.append(job)
        raise EnvironmentLacks("stop here")

    monkeypatch.setattr(runtime, "open_engine", stop)
    with pytest.raises(EnvironmentLacks, match="stop here"):
        runtime.load(folder, engine="fastdeploy_paddle")
    assert "right on INT8 only without oneDNN" in capsys.readouterr().err

    class Option:
        def __init__(self):
            self.paddle_infer_option = type("PaddleOption", (), {"enable_mkldnn": True})()

        def use_paddle_infer_backend(self):
            pass

    option = Option()
    fastdeploy.FastDeploy._choose(option, jobs[0])
    assert option.paddle_infer_option.enable_mkldnn is False
