# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which operators the two styles write."""

from dataclasses import replace

from common.export import onnx_encoder, onnx_file

from onnx_reference import IDS, Reference, assert_close, away_from_ties, make, run


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


def test_fast_gelu_is_near(tmp_path):
    encoder, heads = make()
    onnx_encoder.build(encoder, heads, tmp_path / "m.onnx", fast_gelu=True)
    assert onnx_file.count_nodes(tmp_path / "m.onnx")["FastGelu"] == 2
    assert_close(run(tmp_path / "m.onnx", IDS), Reference(encoder, heads).run(IDS), 2e-3)
