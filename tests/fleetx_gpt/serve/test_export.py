# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Exports pass their gate and hold what was trained."""

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import pytest
import tiny
from fleetx.serve import answering, evaluation, export
from fleetx.state import checkpoints
from fleetx.train import run


def test_both_engines_pass_their_gate(exported):
    for name, folder in exported.items():
        manifest = export.read(folder)
        assert manifest["precision"] == name and set(manifest["engines"]) == {"paddle", "onnxruntime"}
        assert {"model.pdmodel", "model.pdiparams", "model.onnx", "vocab.json", "merges.txt"} <= set(manifest["files"])
    first, second = (export.read(exported[name]) for name in ("fp32", "int8"))
    assert first["engines"]["onnxruntime"]["difference"] < 1e-4 and second["shape"]["heads"] == [3, 3]
    assert second["parameters"] < first["parameters"]


def test_int8_weights_are_stored_as_such(exported):
    sizes = {name: export.read(folder)["files"]["model.pdiparams"]["bytes"] for name, folder in exported.items()}
    linears = 2 * (32 * 72 + 24 * 32 + 2 * 32 * 96)  # one byte each; tables and norms stay float32
    rest = 4 * (332 * 32 + 2 * (72 + 32 + 96 + 32 + 4 * 32) + 64)
    assert linears + rest <= sizes["int8"] < linears + rest + 12000 < 0.75 * sizes["fp32"]


def test_the_onnx_holds_what_was_trained(exported):
    """Eight INT8 products, one byte a weight, and the token table once."""
    import onnx

    models = {name: onnx.load(str(folder / "model.onnx")).graph for name, folder in exported.items()}
    kinds = [node.op_type for node in models["int8"].node]
    assert kinds.count("QuantizeLinear") == 8 and kinds.count("DequantizeLinear") == 16
    assert not any("Quantize" in node.op_type for node in models["fp32"].node)
    size = {name: sum(len(each.raw_data) for each in graph.initializer) for name, graph in models.items()}
    parameters = export.read(exported["fp32"])["parameters"]
    assert size["fp32"] < 4 * parameters + 500  # constants of shapes
    assert size["int8"] < 0.6 * size["fp32"]


def test_what_is_refused(data, dense, exported, tmp_path, monkeypatch):
    changes = {"Engine__save_load__ckpt_dir": dense, "Inference__model_dir": tmp_path / "out"}
    with pytest.raises(UserError, match=r"Engine.save_load.ckpt_dir: is missing"):
        export.run(tiny.settings(data, tmp_path))
    with pytest.raises(UserError, match=r"no such exported model"):
        answering.score(tiny.settings(data, tmp_path, **changes), "paddle")
    monkeypatch.setattr(export, "in_memory", lambda network: lambda ids: np.zeros((*ids.shape, 300), "float32"))
    with pytest.raises(export.GateFailed, match=r"parity gate: paddle: largest difference"):
        export.run(tiny.settings(data, tmp_path, **changes))
    assert not (tmp_path / "out").exists()
    folder = exported["int8"]
    weights = (folder / "model.pdiparams").read_bytes()
    (folder / "model.pdiparams").write_bytes(weights[:-1] + b"x")
    with pytest.raises(UserError, match=r"model.pdiparams: its sha256 is not the manifest's"):
        export.read(folder)
    (folder / "model.pdiparams").write_bytes(weights)


def test_a_quantized_vit(data, tmp_path):
    changes = {
        "Data__Train__dataset__input_dir": data / "images.npz", "Data__Eval__dataset__input_dir": data / "images.npz",
        "Compress__Quantization__enable": True, "Compress__Quantization__onnx_format": True, "Engine__max_steps": 3,
        "Compress__Quantization__activation_preprocess_type": "PACT",
    }  # fmt: skip
    run.train(tiny.settings(data, tmp_path, "vit_tiny", **changes))
    assert checkpoints.open_folder(tmp_path).quantization.uses_pact
    how = {
        "Engine__save_load__ckpt_dir": tmp_path, "Inference__model_dir": tmp_path / "out", "Inference__onnx": True,
        "Offline_Eval__eval_path": data / "images.npz",
    }  # fmt: skip
    settings = tiny.settings(data, tmp_path, "vit_tiny", **how)
    manifest = export.run(settings)
    assert set(manifest["engines"]) == {"paddle", "onnxruntime"}
    found = answering.score(settings, "paddle")
    assert found["images"] == 21 and abs(found["right"] - evaluation.run(settings)["right"]) <= 2
