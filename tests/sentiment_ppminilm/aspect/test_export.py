# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The exported program, and a gate that fails."""

import common  # noqa: F401  before paddle
from common.export import write_bundle

import numpy as np
from calls import call


def test_no_constant_without_axes_is_in_the_program(exported):
    """PaddleSlim's calibration by averages dies on one (`IndexError`), as upstream's exported mask has it."""
    from paddle.base import core

    described = core.ProgramDesc((exported / "bundle" / "model.pdmodel").read_bytes())
    block = described.block(0)
    flat = [
        operator.output("Out")
        for operator in (block.op(n) for n in range(block.op_size()))
        if operator.type() == "fill_constant" and not operator.attr("shape")
    ]
    assert not flat


def test_a_gate_that_fails_leaves_nothing(tiny, trained, tmp_path, monkeypatch):
    """The reference is another model's: no engine can agree, so there is no bundle and the figures are told."""
    monkeypatch.setattr(write_bundle, "answers", lambda network, batches: [{"logits": wrong(b)} for b in batches])
    words = ["--checkpoints", trained, "--static_model_dir", tmp_path / "static", "--gate_path", tiny.dev]
    ended = call("export_model", *words, "--max_seq_len", 32, "--gate_engines", "paddle", "onnxruntime")
    assert ended.code == 2 and "parity gate: paddle" in ended.err and "FAILED" in ended.err
    assert not (tmp_path / "static" / "bundle").exists() and not (tmp_path / "static" / "infer.pdmodel").exists()


def wrong(batch) -> np.ndarray:
    return np.tile(np.array([[3.0, -3.0]], "float32"), (len(batch[0]), 1))
