# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Options of quant_post.py that cannot work, each refused in one line."""

import common  # noqa: F401  before paddle

import pytest
from calls import call
from quant_words import words


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--target", "gpu"], "--target: `gpu`"),
        (["--algorithm", "kl"], "--algorithm: `kl`; there are avg, abs_max, hist, mse, KL"),
        (["--weight_quantize_type", "range_abs_max"], "--weight_quantize_type: `range_abs_max`"),
        (["--quantizable_op_type", "conv2d"], "--quantizable_op_type: `conv2d`"),
        (["--onnx_method", "dynamic"], "--onnx_method dynamic makes the tables INT8 as well; add --embeddings"),
        (["--embeddings", "--target", "tensorrt"], "--embeddings: --target tensorrt keeps PaddleSlim's program"),
        (["--batch_nums", "0"], "--batch_nums must be at least 1"),
        (["--batch_size", "0"], "--batch_size must be at least 1"),
        (["--gate_rows", "0"], "--gate_rows must be at least 1"),
        (["--max_seq_len", "4"], "--max_seq_len must be at least 5"),
        (["--max_seq_len", "65"], "--max_seq_len 65: the model's position table has 64 rows"),
        (["--min_agreement", "1.5"], "--min_agreement must be in 0 to 1"),
        (["--hist_percent", "1.5"], "--hist_percent must be above 0 and at most 1"),
        (["--gate_engines", "padle"], "--gate_engines: `padle` (did you mean `paddle`?)"),
        (["--gate_engines", "paddle"], "--gate_engines needs onnxruntime"),
        (["--base_model_name", "skep_ernie_1.0_large_ch"], "is a ppminilm; leave the flag out"),
        (["--input_model_filename", "other.pdmodel"], "other.pdmodel"),
        (["--calibration_path", "none.txt"], "none.txt"),
    ],
)
def test_bad_options(tiny, trained, exported, tmp_path, more, message):
    ended = call("quant_post", *words(tiny, trained, exported, tmp_path / "quant", *more))
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1, ended.err
    assert not (tmp_path / "quant").exists() or not list((tmp_path / "quant").glob("*"))
